package host

import (
	"crypto/tls"
	"net"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/genproto/pluginv2"
	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

func autoMTLS(config *goplugin.ClientConfig) { config.AutoMTLS = true }

// [P3]
func TestHostWithAutoMTLSIsServed(t *testing.T) {
	h := startForTest(t, autoMTLS)
	framesJSON(t, ask(t, h, settings(t, prometheusURL(t), nil), instantQuery(t, "A", "1"))["A"])
	health, err := h.checkHealth(withTimeout(t, 30*time.Second), settings(t, prometheusURL(t), nil))
	if err != nil || health.Status != backend.HealthStatusOk {
		t.Errorf("%v %v", health, err)
	}
	h.client.Kill()
	if state := h.command.ProcessState; state == nil || state.ExitCode() != 0 {
		t.Errorf("the plugin ended with %v", state)
	}
}

// [P3]
func TestWithAutoMTLSNobodyElseIsServed(t *testing.T) {
	h := startForTest(t, autoMTLS)
	socket := h.client.ReattachConfig().Addr.String()
	for who, transport := range map[string]credentials.TransportCredentials{
		"in the clear":          insecure.NewCredentials(),
		"without a certificate": credentials.NewTLS(&tls.Config{InsecureSkipVerify: true}),
	} {
		connection, err := grpc.NewClient("unix:"+socket, grpc.WithTransportCredentials(transport))
		if err != nil {
			t.Fatal(err)
		}
		_, err = pluginv2.NewDiagnosticsClient(connection).CollectMetrics(withTimeout(t, 10*time.Second), &pluginv2.CollectMetricsRequest{})
		if code := status.Code(err); code != codes.Unavailable {
			t.Errorf("%s: %v (%v), want Unavailable", who, code, err)
		}
		_ = connection.Close()
	}
}

// [P3]
func TestOldTLSIsRefused(t *testing.T) {
	h := startForTest(t, autoMTLS)
	connection, err := net.Dial("unix", h.client.ReattachConfig().Addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	old := tls.Client(connection, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
	if err := old.HandshakeContext(withTimeout(t, 10*time.Second)); err == nil {
		t.Error("TLS 1.1 was accepted")
	}
}
