package host

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/grpcplugin"
	"github.com/grafana/grafana-plugin-sdk-go/genproto/pluginv2"
	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
)

const pluginID = "promkeep-prometheus-datasource"

// host is the part of Grafana that runs backend plugins: go-plugin with the SDK's handshake and plugin set.
type host struct {
	client      *goplugin.Client
	command     *exec.Cmd
	logs        *lockedBuffer
	data        grpcplugin.DataClient
	resource    grpcplugin.ResourceClient
	diagnostics grpcplugin.DiagnosticsClient
	stream      grpcplugin.StreamClient
}

// executable is what Grafana would start: the file of this platform in the built plugin folder, unless the runner names one.
func executable(t testing.TB) string {
	t.Helper()
	path := os.Getenv("PROMKEEP_TEST_EXECUTABLE")
	if path == "" {
		path = filepath.Join("..", "..", "dist", pluginID, "gpx_promkeep_linux_"+runtime.GOARCH)
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(absolute); err != nil {
		t.Fatalf("the executable is not built (npm run build): %v", err)
	}
	return absolute
}

// pluginEnvironment is all that Grafana hands over: no PATH, no HOME, no NODE_* of the host.
func pluginEnvironment() []string {
	return []string{
		"GF_VERSION=12.4.0",
		"GF_EDITION=Open Source",
		"GF_ENTERPRISE_LICENSE_PATH=",
		"GF_ENTERPRISE_APP_URL=http://localhost:3000/",
		"GF_INSTANCE_FEATURE_TOGGLES_ENABLE=",
	}
}

// newHost prepares to launch the plugin as Grafana does.
func newHost(path string, change ...func(*goplugin.ClientConfig)) *host {
	h := &host{command: exec.Command(path), logs: &lockedBuffer{}}
	h.command.Env = pluginEnvironment()
	config := &goplugin.ClientConfig{
		HandshakeConfig: goplugin.HandshakeConfig{
			ProtocolVersion:  grpcplugin.ProtocolVersion,
			MagicCookieKey:   grpcplugin.MagicCookieKey,
			MagicCookieValue: grpcplugin.MagicCookieValue,
		},
		VersionedPlugins: map[int]goplugin.PluginSet{
			grpcplugin.ProtocolVersion: {
				"diagnostics": &grpcplugin.DiagnosticsGRPCPlugin{},
				"resource":    &grpcplugin.ResourceGRPCPlugin{},
				"data":        &grpcplugin.DataGRPCPlugin{},
				"stream":      &grpcplugin.StreamGRPCPlugin{},
			},
		},
		Cmd:              h.command,
		SkipHostEnv:      true,
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		Logger:           hclog.New(&hclog.LoggerOptions{Output: h.logs, Level: hclog.Trace, JSONFormat: true}),
	}
	for _, apply := range change {
		apply(config)
	}
	h.client = goplugin.NewClient(config)
	return h
}

func start(path string, change ...func(*goplugin.ClientConfig)) (*host, error) {
	h := newHost(path, change...)
	rpc, err := h.client.Client()
	if err != nil {
		h.client.Kill()
		return nil, err
	}
	return h, h.dispense(rpc)
}

func (h *host) dispense(rpc goplugin.ClientProtocol) error {
	raw := map[string]any{}
	for _, name := range []string{"data", "resource", "diagnostics", "stream"} {
		client, err := rpc.Dispense(name)
		if err != nil {
			return err
		}
		raw[name] = client
	}
	var ok [4]bool
	h.data, ok[0] = raw["data"].(grpcplugin.DataClient)
	h.resource, ok[1] = raw["resource"].(grpcplugin.ResourceClient)
	h.diagnostics, ok[2] = raw["diagnostics"].(grpcplugin.DiagnosticsClient)
	h.stream, ok[3] = raw["stream"].(grpcplugin.StreamClient)
	if ok != [4]bool{true, true, true, true} {
		return errors.New("a service of the plugin has an unexpected type")
	}
	return nil
}

func startForTest(t testing.TB, change ...func(*goplugin.ClientConfig)) *host {
	t.Helper()
	h, err := start(executable(t), change...)
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	t.Cleanup(func() {
		h.client.Kill()
		if t.Failed() {
			t.Logf("the plugin's log:\n%s", h.logs.String())
		}
	})
	return h
}

// queryData does what Grafana's client does with a request and its answer: convert, call, convert back, decode the frames.
func (h *host) queryData(ctx context.Context, req *backend.QueryDataRequest) (*backend.QueryDataResponse, error) {
	answer, err := h.data.QueryData(ctx, backend.ToProto().QueryDataRequest(req))
	if err != nil {
		return nil, err
	}
	return backend.FromProto().QueryDataResponse(answer)
}

func (h *host) checkHealth(ctx context.Context, pluginContext backend.PluginContext) (*backend.CheckHealthResult, error) {
	answer, err := h.diagnostics.CheckHealth(ctx, &pluginv2.CheckHealthRequest{
		PluginContext: backend.ToProto().PluginContext(pluginContext),
	})
	if err != nil {
		return nil, err
	}
	return backend.FromProto().CheckHealthResponse(answer), nil
}

// resourceAnswer is the whole of a streamed answer.
type resourceAnswer struct {
	status  int
	headers http.Header
	body    []byte
	pieces  int
}

func (h *host) callResource(ctx context.Context, req *backend.CallResourceRequest) (*resourceAnswer, error) {
	stream, err := h.resource.CallResource(ctx, backend.ToProto().CallResourceRequest(req))
	if err != nil {
		return nil, err
	}
	answer := &resourceAnswer{}
	for {
		message, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return answer, nil
		}
		if err != nil {
			return nil, err
		}
		piece := backend.FromProto().CallResourceResponse(message)
		if answer.pieces == 0 {
			answer.status, answer.headers = piece.Status, piece.Headers
		}
		answer.body = append(answer.body, piece.Body...)
		answer.pieces++
	}
}

// settings are those of a datasource; each test has its own instance in the plugin by the uid.
func settings(t testing.TB, url string, jsonData map[string]any) backend.PluginContext {
	t.Helper()
	text, err := json.Marshal(jsonData)
	if err != nil {
		t.Fatal(err)
	}
	return backend.PluginContext{
		OrgID:         1,
		PluginID:      pluginID,
		PluginVersion: "0.1.0",
		User:          &backend.User{Login: "ada", Name: "Ada", Email: "ada@example.org", Role: "Editor"},
		DataSourceInstanceSettings: &backend.DataSourceInstanceSettings{
			ID:       1,
			UID:      t.Name(),
			Type:     pluginID,
			Name:     "Promkeep",
			URL:      url,
			JSONData: text,
			Updated:  time.UnixMilli(1_700_000_000_000),
		},
		GrafanaConfig: backend.NewGrafanaCfg(map[string]string{"GF_APP_URL": "http://localhost:3000/"}),
	}
}

func withTimeout(t testing.TB, limit time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	return ctx
}

type lockedBuffer struct {
	mutex  sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.buffer.String()
}
