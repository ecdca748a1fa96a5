package host

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
)

// upstream answers with given bodies: what a Prometheus without data, or of this version, cannot be made to say.
type upstream struct {
	url     string
	mutex   sync.Mutex
	headers []http.Header
}

func startUpstream(t testing.TB, bodies map[string]string, respond ...http.HandlerFunc) *upstream {
	t.Helper()
	u := &upstream{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u.mutex.Lock()
		u.headers = append(u.headers, r.Header.Clone())
		u.mutex.Unlock()
		if len(respond) > 0 {
			respond[0](w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, bodies[strings.TrimPrefix(r.URL.Path, "/api/v1/")])
	}))
	t.Cleanup(server.Close)
	u.url = server.URL
	return u
}

// [Q3.2] [Q3.7]
func TestNativeHistogramIsTheHeatmapOfTheReference(t *testing.T) {
	u := startUpstream(t, map[string]string{"query": `{"status":"success","data":{"resultType":"vector","result":[
		{"metric":{"__name__":"m","a":"b"},"histogram":[2,{"count":"3","sum":"4","buckets":[[3,"-1","1","2"]]}]}]}}`})
	answers := ask(t, startForTest(t), settings(t, u.url, nil), instantQuery(t, "A", "m"))
	expectFrames(t, answers["A"], `[{"schema":{"refId":"A","meta":{"type":"heatmap-cells","typeVersion":[0,0],
		"custom":{"calculatedMinStep":60000},"executedQueryString":"Expr: m\nStep: 1m0s"},"fields":[
		{"name":"xMax","type":"time","typeInfo":{"frame":"time.Time"},"labels":{"__name__":"m","a":"b"},"config":{"interval":60000}},
		{"name":"yMin","type":"number","typeInfo":{"frame":"float64"},"labels":{"__name__":"m","a":"b"},"config":{"displayNameFromDS":"m{a=\"b\"}"}},
		{"name":"yMax","type":"number","typeInfo":{"frame":"float64"},"labels":{"__name__":"m","a":"b"}},
		{"name":"count","type":"number","typeInfo":{"frame":"float64"},"labels":{"__name__":"m","a":"b"}},
		{"name":"yLayout","type":"number","typeInfo":{"frame":"int8"},"labels":{"__name__":"m","a":"b"}}]},
		"data":{"values":[[2000],[-1],[1],[2],[3]]}}]`)
}

// [Q7.7]
func TestFloatsAndHistogramsOfOneSeriesAreTwoFramesWithANotice(t *testing.T) {
	u := startUpstream(t, map[string]string{"query_range": `{"status":"success","data":{"resultType":"matrix","result":[
		{"metric":{"__name__":"m"},"values":[[1,"7"]],"histograms":[[2,{"count":"1","sum":"1","buckets":[[0,"1","2","1"]]}]]}]}}`})
	answers := ask(t, startForTest(t), settings(t, u.url, nil), rangeQuery(t, "A", "m"))
	frames := framesJSON(t, answers["A"])
	if len(frames) != 2 || answers["A"].Frames[0].Meta.Type != "timeseries-multi" || answers["A"].Frames[1].Meta.Type != "heatmap-cells" {
		t.Fatalf("frames %v", frames)
	}
	if notices := answers["A"].Frames[0].Meta.Notices; len(notices) != 1 || !strings.Contains(notices[0].Text, "both floats and native histograms") {
		t.Errorf("notices %v", notices)
	}
}

// [Q3.4]
func TestExemplarsOfAllSeriesAreOneTableAfterTheSeries(t *testing.T) {
	u := startUpstream(t, map[string]string{
		"query_range": `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"m"},"values":[[1700000040,"1"]]}]}}`,
		"query_exemplars": `{"status":"success","data":[
			{"seriesLabels":{"__name__":"m","job":"a"},"exemplars":[{"labels":{"trace_id":"t1"},"value":"1","timestamp":1700000050}]},
			{"seriesLabels":{"__name__":"m"},"exemplars":[{"labels":{"trace_id":"t2"},"value":"2","timestamp":1700000110.5}]}]}`,
	})
	q := query(t, "A", map[string]any{"expr": "m", "range": true, "exemplar": true})
	answers := ask(t, startForTest(t), settings(t, u.url, nil), q)
	frames := framesJSON(t, answers["A"])
	if len(frames) != 2 || answers["A"].Frames[1].Name != "exemplar" {
		t.Fatalf("frames %v", frames)
	}
	answers["A"].Frames[1].Meta = nil
	expectFrames(t, backend.DataResponse{Frames: answers["A"].Frames[1:], Status: backend.StatusOK}, `[{"schema":{"name":"exemplar","refId":"A","fields":[
		{"name":"Time","type":"time","typeInfo":{"frame":"time.Time"}},{"name":"Value","type":"number","typeInfo":{"frame":"float64"}},
		{"name":"__name__","type":"string","typeInfo":{"frame":"string"}},{"name":"job","type":"string","typeInfo":{"frame":"string"}},
		{"name":"trace_id","type":"string","typeInfo":{"frame":"string"}}]},
		"data":{"values":[[1700000050000,1700000110500],[1,2],["m","m"],["a",""],["t1","t2"]]}}]`)
}

// [Q3.1] [Q3.7]
func TestWarningsAndInfosOfAnEmptyAnswerAreNoticesInThatOrder(t *testing.T) {
	u := startUpstream(t, map[string]string{"query": `{"status":"success","infos":["i"],"warnings":["w"],"data":{"result":[],"resultType":"vector"}}`})
	answers := ask(t, startForTest(t), settings(t, u.url, nil), instantQuery(t, "A", "m"))
	expectFrames(t, answers["A"], `[{"schema":{"name":"Warnings","refId":"A","meta":{"typeVersion":[0,0],
		"custom":{"calculatedMinStep":60000},"executedQueryString":"Expr: m\nStep: 1m0s",
		"notices":[{"severity":"warning","text":"w"},{"severity":"info","text":"i"}]},"fields":[]},"data":{"values":[]}}]`)
}

// [P9] [Q2.3] [Q7.22]
func TestCredentialsTheUserForwardsReachPrometheusAndTheBrowsersOtherHeadersDoNot(t *testing.T) {
	u := startUpstream(t, map[string]string{"query": `{"status":"success","data":{"resultType":"scalar","result":[1,"1"]}}`})
	_, err := startForTest(t).queryData(withTimeout(t, 30*time.Second), &backend.QueryDataRequest{
		PluginContext: settings(t, u.url, map[string]any{"oauthPassThru": true, "keepCookies": []string{"sso"}}),
		Headers: map[string]string{
			"Authorization": "Bearer token", "X-Id-Token": "id", "Cookie": "sso=1",
			"http_X-Dashboard-Uid": "d1", "http_Referer": "http://grafana/d/1", "http_Accept-Encoding": "br",
		},
		Queries: []backend.DataQuery{instantQuery(t, "A", "1")},
	})
	if err != nil {
		t.Fatal(err)
	}
	got := u.headers[0]
	for name, want := range map[string]string{
		"Authorization": "Bearer token", "X-Id-Token": "id", "Cookie": "sso=1", "X-Dashboard-Uid": "d1",
		"Referer": "", "Accept-Encoding": "identity",
	} {
		if got.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, got.Get(name), want)
		}
	}
}

// [Q4.1] [Q7.22]
func TestPackedResourceAnswerReachesTheBrowserUnpackedAndWithoutTheHeadersOfItsPacking(t *testing.T) {
	const body = `{"status":"success","data":["job"]}`
	u := startUpstream(t, nil, func(w http.ResponseWriter, _ *http.Request) {
		var packed bytes.Buffer
		zip := gzip.NewWriter(&packed)
		_, _ = io.WriteString(zip, body)
		_ = zip.Close()
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(packed.Bytes())
	})
	answer, err := startForTest(t).callResource(withTimeout(t, 30*time.Second), &backend.CallResourceRequest{
		PluginContext: settings(t, u.url, nil), Path: "api/v1/labels", Method: "GET", URL: "api/v1/labels",
	})
	if err != nil {
		t.Fatal(err)
	}
	if answer.status != 200 || string(answer.body) != body {
		t.Errorf("%d %q", answer.status, answer.body)
	}
	for _, name := range []string{"Content-Encoding", "Content-Length", "Transfer-Encoding"} {
		if value := answer.headers.Get(name); value != "" {
			t.Errorf("%s: %q", name, value)
		}
	}
}
