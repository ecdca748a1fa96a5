package host

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
)

var (
	from = time.UnixMilli(1_700_000_040_000).UTC()
	to   = from.Add(2 * time.Minute)
)

// query is one Grafana query with a step of one minute.
func query(t testing.TB, refID string, model map[string]any) backend.DataQuery {
	t.Helper()
	model["refId"], model["intervalMs"] = refID, time.Minute.Milliseconds()
	text, err := json.Marshal(model)
	if err != nil {
		t.Fatal(err)
	}
	return backend.DataQuery{
		RefID:         refID,
		MaxDataPoints: 1000,
		Interval:      time.Minute,
		TimeRange:     backend.TimeRange{From: from, To: to},
		JSON:          text,
	}
}

func rangeQuery(t testing.TB, refID, expr string) backend.DataQuery {
	return query(t, refID, map[string]any{"expr": expr, "range": true, "instant": false})
}

func instantQuery(t testing.TB, refID, expr string) backend.DataQuery {
	return query(t, refID, map[string]any{"expr": expr, "range": false, "instant": true})
}

func ask(t testing.TB, h *host, pluginContext backend.PluginContext, queries ...backend.DataQuery) backend.Responses {
	t.Helper()
	answer, err := h.queryData(withTimeout(t, 30*time.Second), &backend.QueryDataRequest{
		PluginContext: pluginContext,
		Headers:       map[string]string{"http_X-Dashboard-Uid": "d1"},
		Queries:       queries,
	})
	if err != nil {
		t.Fatalf("QueryData: %v", err)
	}
	return answer.Responses
}

// framesJSON is the answer as Grafana's browser half sees it.
func framesJSON(t testing.TB, response backend.DataResponse) []any {
	t.Helper()
	if response.Error != nil {
		t.Fatalf("query failed: %v", response.Error)
	}
	frames := []any{}
	for _, frame := range response.Frames {
		text, err := data.FrameToJSON(frame, data.IncludeAll)
		if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, parseJSON(t, string(text)))
	}
	return frames
}

func parseJSON(t testing.TB, text string) any {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return value
}

func expectFrames(t testing.TB, response backend.DataResponse, expected string) {
	t.Helper()
	got := framesJSON(t, response)
	if want := parseJSON(t, expected); !reflect.DeepEqual(any(got), want) {
		text, _ := json.Marshal(got)
		t.Errorf("frames differ\n got %s\nwant %s", text, expected)
	}
	if response.Status != backend.StatusOK {
		t.Errorf("status %d, want 200", response.Status)
	}
}

// [Q1.1] [Q3.3] [Q3.6] [Q3.7]
func TestVectorHasTheShapeOfGrafanasOwnDatasource(t *testing.T) {
	h := startForTest(t)
	q := query(t, "A", map[string]any{
		"expr": `label_replace(vector(1), "__name__", "up", "", "")`, "instant": true, "range": false, "legendFormat": "x {{job}}",
	})
	answers := ask(t, h, settings(t, prometheusURL(t), nil), q)
	expectFrames(t, answers["A"], `[{"schema":{"refId":"A","meta":{"type":"numeric-multi","typeVersion":[0,1],
		"custom":{"calculatedMinStep":60000,"resultType":"vector"},
		"executedQueryString":"Expr: label_replace(vector(1), \"__name__\", \"up\", \"\", \"\")\nStep: 1m0s"},
		"fields":[{"name":"Time","type":"time","typeInfo":{"frame":"time.Time"},"config":{"interval":60000}},
		{"name":"up","type":"number","typeInfo":{"frame":"float64"},"labels":{"__name__":"up"},"config":{"displayNameFromDS":"x "}}]},
		"data":{"values":[[1700000160000],[1]]}}]`)
}

// [Q1.3] [Q1.4]
func TestMatrixHasOneFrameASeriesOnTheStepGrid(t *testing.T) {
	h := startForTest(t)
	expr := `label_replace(vector(3), "job", "a", "", "") or label_replace(vector(4), "job", "b", "", "")`
	answers := ask(t, h, settings(t, prometheusURL(t), nil), rangeQuery(t, "A", expr))
	frames := framesJSON(t, answers["A"])
	if len(frames) != 2 {
		t.Fatalf("%d frames, want 2", len(frames))
	}
	for i, want := range []struct {
		job   string
		value float64
	}{{"a", 3}, {"b", 4}} {
		frame := answers["A"].Frames[i]
		if frame.Meta.Type != data.FrameTypeTimeSeriesMulti || frame.Meta.TypeVersion != (data.FrameTypeVersion{0, 1}) {
			t.Errorf("frame %d: type %v %v", i, frame.Meta.Type, frame.Meta.TypeVersion)
		}
		if !reflect.DeepEqual(frame.Fields[1].Labels, data.Labels{"job": want.job}) {
			t.Errorf("frame %d: labels %v", i, frame.Fields[1].Labels)
		}
		for row := 0; row < frame.Rows(); row++ {
			at := frame.Fields[0].At(row).(time.Time)
			if !at.Equal(from.Add(time.Duration(row)*time.Minute)) || frame.Fields[1].At(row) != want.value {
				t.Errorf("frame %d row %d: %v %v", i, row, at, frame.Fields[1].At(row))
			}
		}
		if frame.Rows() != 3 {
			t.Errorf("frame %d: %d rows, want 3", i, frame.Rows())
		}
	}
}

// [Q1.7]
func TestNaNAndInfinityArriveAsThemselves(t *testing.T) {
	h := startForTest(t)
	answers := ask(t, h, settings(t, prometheusURL(t), nil),
		instantQuery(t, "N", "vector(0) / 0"), instantQuery(t, "P", "vector(1) / 0"), instantQuery(t, "M", "vector(-1) / 0"))
	value := func(refID string) float64 {
		framesJSON(t, answers[refID])
		return answers[refID].Frames[0].Fields[1].At(0).(float64)
	}
	if !math.IsNaN(value("N")) || !math.IsInf(value("P"), 1) || !math.IsInf(value("M"), -1) {
		t.Errorf("got %v %v %v", value("N"), value("P"), value("M"))
	}
}

// [Q3.2]
func TestScalarIsANumericFrameWithEmptyLabels(t *testing.T) {
	h := startForTest(t)
	answers := ask(t, h, settings(t, prometheusURL(t), nil), instantQuery(t, "A", "5"))
	expectFrames(t, answers["A"], `[{"schema":{"refId":"A","meta":{"type":"numeric-multi","typeVersion":[0,1],
		"custom":{"calculatedMinStep":60000,"resultType":"scalar"},"executedQueryString":"Expr: 5\nStep: 1m0s"},
		"fields":[{"name":"Time","type":"time","typeInfo":{"frame":"time.Time"},"config":{"interval":60000}},
		{"name":"Value","type":"number","typeInfo":{"frame":"float64"},"labels":{},"config":{"displayNameFromDS":"5"}}]},
		"data":{"values":[[1700000160000],[5]]}}]`)
}

// [Q3.2]
func TestStringIsATextField(t *testing.T) {
	h := startForTest(t)
	answers := ask(t, h, settings(t, prometheusURL(t), nil), instantQuery(t, "A", `"abc"`))
	expectFrames(t, answers["A"], `[{"schema":{"refId":"A","meta":{"type":"timeseries-multi","typeVersion":[0,0],
		"custom":{"calculatedMinStep":60000,"resultType":"string"},"executedQueryString":"Expr: \"abc\"\nStep: 1m0s"},
		"fields":[{"name":"Time","type":"time","typeInfo":{"frame":"time.Time"},"config":{"interval":60000}},
		{"name":"Value","type":"string","typeInfo":{"frame":"string"},"labels":{},"config":{"displayNameFromDS":"\"abc\""}}]},
		"data":{"values":[[1700000160000],["abc"]]}}]`)
}

// [Q4.4]
func TestNoDataIsOneFrameWithoutFieldsBecauseAlertingReadsItAsNoData(t *testing.T) {
	h := startForTest(t)
	answers := ask(t, h, settings(t, prometheusURL(t), nil), rangeQuery(t, "A", "there_is_no_such_metric"))
	expectFrames(t, answers["A"], `[{"schema":{"refId":"A","meta":{"typeVersion":[0,0],"custom":{"calculatedMinStep":60000},
		"executedQueryString":"Expr: there_is_no_such_metric\nStep: 1m0s"},"fields":[]},"data":{"values":[]}}]`)
}

// [Q1.2]
func TestSyntaxErrorReachesTheUserInPrometheusWordsAndLeavesSiblingsAlone(t *testing.T) {
	h := startForTest(t)
	answers := ask(t, h, settings(t, prometheusURL(t), nil), rangeQuery(t, "A", "up{"), instantQuery(t, "B", "1"))
	bad := answers["A"]
	if bad.Error == nil || !strings.Contains(bad.Error.Error(), "parse error") {
		t.Errorf("error %v, want Prometheus' text", bad.Error)
	}
	if bad.Status != backend.StatusBadRequest || bad.ErrorSource != backend.ErrorSourceDownstream {
		t.Errorf("status %d source %q", bad.Status, bad.ErrorSource)
	}
	framesJSON(t, answers["B"])
}

// [Q2.4]
func TestPrometheusThatIsDownIsADownstreamErrorOfTheQuery(t *testing.T) {
	h := startForTest(t)
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", port)
	answer := ask(t, h, settings(t, "http://"+address, nil), instantQuery(t, "A", "1"))["A"]
	if answer.Error == nil || answer.ErrorSource != backend.ErrorSourceDownstream || answer.Status < 500 {
		t.Errorf("error %v source %q status %d", answer.Error, answer.ErrorSource, answer.Status)
	}
}

// [Q2.2] [Q4.3]
func TestChangedSettingsAreUsedByTheNextQuery(t *testing.T) {
	h := startForTest(t)
	pluginContext := settings(t, "http://127.0.0.1:1", nil)
	if answer := ask(t, h, pluginContext, instantQuery(t, "A", "1"))["A"]; answer.Error == nil {
		t.Error("nothing listens on port 1, yet the query succeeded")
	}
	pluginContext.DataSourceInstanceSettings.URL = prometheusURL(t)
	framesJSON(t, ask(t, h, pluginContext, instantQuery(t, "A", "1"))["A"])
}

// [Q2.4]
func TestCancelledQueryIsCancelledUpstream(t *testing.T) {
	started, gone := make(chan struct{}), make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Go notices a client that has gone only once the body is read
		_ = r.ParseForm()
		close(started)
		<-r.Context().Done()
		close(gone)
	}))
	defer slow.Close()

	h := startForTest(t)
	ctx := withTimeout(t, 30*time.Second)
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		<-started
		cancel()
	}()
	_, err := h.queryData(ctx, &backend.QueryDataRequest{
		PluginContext: settings(t, slow.URL, nil), Queries: []backend.DataQuery{instantQuery(t, "A", "1")},
	})
	if err == nil {
		t.Error("a cancelled query must fail")
	}
	select {
	case <-gone:
	case <-time.After(5 * time.Second):
		t.Error("the request to Prometheus goes on 5 s after the cancellation")
	}
}
