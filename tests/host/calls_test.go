package host

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/genproto/pluginv2"
)

// [Q4.2]
func TestHealthIsGreenOnARealPrometheusAndNamesIt(t *testing.T) {
	h := startForTest(t)
	health, err := h.checkHealth(withTimeout(t, 30*time.Second), settings(t, prometheusURL(t), nil))
	if err != nil {
		t.Fatal(err)
	}
	if health.Status != backend.HealthStatusOk || !strings.HasPrefix(health.Message, "Successfully queried the Prometheus API.") {
		t.Errorf("%v %q", health.Status, health.Message)
	}
	var details map[string]any
	if err := json.Unmarshal(health.JSONDetails, &details); err != nil || details["application"] != "Prometheus" {
		t.Errorf("details %s (%v)", health.JSONDetails, err)
	}
}

func TestHealthSaysWhatIsWrongInsteadOfFailingTheCall(t *testing.T) {
	h := startForTest(t)
	broken := settings(t, "http://127.0.0.1:9090", nil)
	broken.DataSourceInstanceSettings.JSONData = []byte(`{"httpMethod":`)
	for name, pluginContext := range map[string]backend.PluginContext{
		"no URL":           settings(t, "", nil),
		"nobody listens":   settings(t, "http://127.0.0.1:1", nil),
		"settings no JSON": broken,
	} {
		health, err := h.checkHealth(withTimeout(t, 30*time.Second), pluginContext)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if health.Status != backend.HealthStatusError || health.Message == "" {
			t.Errorf("%s: %v %q", name, health.Status, health.Message)
		}
	}
}

func TestResourceCallReachesPrometheusAndKeepsItsAnswer(t *testing.T) {
	h := startForTest(t)
	answer, err := h.callResource(withTimeout(t, 30*time.Second), &backend.CallResourceRequest{
		PluginContext: settings(t, prometheusURL(t), nil),
		Path:          "api/v1/query",
		Method:        "GET",
		URL:           "api/v1/query?query=1%2B1",
	})
	if err != nil {
		t.Fatal(err)
	}
	var body struct {
		Status string
		Data   struct{ ResultType string }
	}
	if err := json.Unmarshal(answer.body, &body); err != nil {
		t.Fatalf("%v in %q", err, answer.body)
	}
	if answer.status != 200 || body.Status != "success" || body.Data.ResultType != "scalar" {
		t.Errorf("%d %s", answer.status, answer.body)
	}
}

// [Q4.1]
func TestResourceErrorKeepsPrometheusStatusBecauseTheBrowserRetriesOnIt(t *testing.T) {
	h := startForTest(t)
	answer, err := h.callResource(withTimeout(t, 30*time.Second), &backend.CallResourceRequest{
		PluginContext: settings(t, prometheusURL(t), nil),
		Path:          "api/v1/query",
		Method:        "GET",
		URL:           "api/v1/query?query=%7B",
	})
	if err != nil {
		t.Fatal(err)
	}
	if answer.status != 400 || !strings.Contains(string(answer.body), "bad_data") {
		t.Errorf("%d %s", answer.status, answer.body)
	}
}

// [Q7.13]
func TestAdministrationOfPrometheusIsOutOfReach(t *testing.T) {
	h := startForTest(t)
	for _, path := range []string{"-/quit", "api/v1/admin/tsdb/snapshot", "api/v1/label/../admin/tsdb/snapshot"} {
		answer, err := h.callResource(withTimeout(t, 30*time.Second), &backend.CallResourceRequest{
			PluginContext: settings(t, prometheusURL(t), nil), Path: path, Method: "POST", URL: path,
		})
		if err != nil {
			t.Fatal(err)
		}
		if answer.status < 400 || answer.status > 499 {
			t.Errorf("%s: status %d, want a refusal", path, answer.status)
		}
	}
}

// [Q4.3]
func TestMetricsAreInPrometheusTextFormat(t *testing.T) {
	h := startForTest(t)
	answer, err := h.diagnostics.CollectMetrics(withTimeout(t, 30*time.Second), &pluginv2.CollectMetricsRequest{
		PluginContext: &pluginv2.PluginContext{PluginId: pluginID},
	})
	if err != nil {
		t.Fatal(err)
	}
	if text := string(answer.GetMetrics().GetPrometheus()); !strings.Contains(text, "# TYPE ") || !strings.Contains(text, "promkeep_build_info{version=") {
		t.Errorf("no metrics: %q", text)
	}
}

// [P6]
func TestNobodyCanPublishToAStream(t *testing.T) {
	h := startForTest(t)
	pluginContext := backend.ToProto().PluginContext(settings(t, "http://127.0.0.1:9090", nil))
	answer, err := h.stream.PublishStream(withTimeout(t, 30*time.Second), &pluginv2.PublishStreamRequest{
		PluginContext: pluginContext, Path: "x", Data: []byte("{}"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if answer.Status != pluginv2.PublishStreamResponse_PERMISSION_DENIED {
		t.Errorf("status %v", answer.Status)
	}
}
