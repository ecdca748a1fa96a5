package host

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/grafana/grafana-plugin-sdk-go/genproto/pluginv2"
)

// liveAsk is what the browser asks of a channel, and the channel's path: a hash of it and of the organisation.
func liveAsk(t testing.TB, expr string) (ask []byte, path string) {
	t.Helper()
	// Go writes the keys of a map in order, which is the form that is hashed.
	ask, err := json.Marshal(map[string]any{
		"query":   map[string]any{"expr": expr, "interval": "1s", "intervalMs": 1000, "maxDataPoints": 1000, "range": true},
		"rangeMs": 300_000,
	})
	if err != nil {
		t.Fatal(err)
	}
	return ask, fmt.Sprintf("live/%x", sha256.Sum256(append([]byte("1 "), ask...)))
}

func subscribe(t testing.TB, h *host, pluginContext backend.PluginContext, path string, ask []byte) *pluginv2.SubscribeStreamResponse {
	t.Helper()
	answer, err := h.stream.SubscribeStream(withTimeout(t, 10*time.Second), &pluginv2.SubscribeStreamRequest{
		PluginContext: backend.ToProto().PluginContext(pluginContext), Path: path, Data: ask,
	})
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func runStream(t testing.TB, ctx context.Context, h *host, pluginContext backend.PluginContext, expr string) pluginv2.Stream_RunStreamClient {
	t.Helper()
	ask, path := liveAsk(t, expr)
	stream, err := h.stream.RunStream(ctx, &pluginv2.RunStreamRequest{
		PluginContext: backend.ToProto().PluginContext(pluginContext), Path: path, Data: ask,
	})
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

func TestStreamBeginsWithAFrameAndGoesOnWithNewRowsOnly(t *testing.T) {
	h := startForTest(t)
	stream := runStream(t, withTimeout(t, 30*time.Second), h, settings(t, prometheusURL(t), nil), `label_replace(vector(1), "job", "a", "", "") or vector(NaN)`)
	first, err := stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	var frame data.Frame
	if err := json.Unmarshal(first.Data, &frame); err != nil {
		t.Fatalf("%v in %s", err, first.Data)
	}
	if names := []string{frame.Fields[0].Name, frame.Fields[1].Name, frame.Fields[2].Name}; fmt.Sprint(names) != "[labels Time Value]" {
		t.Errorf("fields %v", names)
	}
	if frame.Rows() != 2 || frame.At(0, 0) != "{}" || frame.At(0, 1) != `{job="a"}` || frame.At(2, 1) != 1.0 {
		t.Errorf("rows %s", first.Data)
	}
	last := frame.At(1, 0).(time.Time).UnixMilli()
	for range 2 {
		packet, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		var next struct {
			Schema any
			Data   struct {
				Values   [][]any
				Entities []map[string][]int
			}
		}
		if err := json.Unmarshal(packet.Data, &next); err != nil {
			t.Fatal(err)
		}
		if next.Schema != nil || len(next.Data.Values) != 3 || len(next.Data.Values[0]) < 2 {
			t.Fatalf("packet %s", packet.Data)
		}
		at := int64(next.Data.Values[1][0].(float64))
		if at != last+1000 {
			t.Errorf("the next point is %d ms after the last one, want 1000", at-last)
		}
		if nan := next.Data.Entities[2]["NaN"]; len(nan) == 0 || next.Data.Values[2][nan[0]] != nil {
			t.Errorf("NaN is lost: %s", packet.Data)
		}
		last = int64(next.Data.Values[1][len(next.Data.Values[1])/2-1].(float64))
	}
}

func TestSubscriberGetsTheSchemaAndOnlyOnThePathOfTheirOwnQuery(t *testing.T) {
	h := startForTest(t)
	pluginContext := settings(t, "http://127.0.0.1:1", nil)
	ask, path := liveAsk(t, "up")
	answer := subscribe(t, h, pluginContext, path, ask)
	var frame data.Frame
	if err := json.Unmarshal(answer.Data, &frame); err != nil || len(frame.Fields) != 3 || frame.Rows() != 0 {
		t.Errorf("status %v, %s (%v)", answer.Status, answer.Data, err)
	}
	_, otherPath := liveAsk(t, "secret_metric")
	if answer := subscribe(t, h, pluginContext, otherPath, ask); answer.Status != pluginv2.SubscribeStreamResponse_NOT_FOUND {
		t.Errorf("joined the channel of another query: %v", answer.Status)
	}
	pluginContext.OrgID = 2
	if answer := subscribe(t, h, pluginContext, path, ask); answer.Status != pluginv2.SubscribeStreamResponse_NOT_FOUND {
		t.Errorf("joined the channel of another organisation: %v", answer.Status)
	}
}

func TestSubscriberIsRefusedWhereEachUserHasCredentialsOfTheirOwn(t *testing.T) {
	h := startForTest(t)
	ask, path := liveAsk(t, "up")
	pluginContext := settings(t, "http://127.0.0.1:1", map[string]any{"oauthPassThru": true})
	if answer := subscribe(t, h, pluginContext, path, ask); answer.Status != pluginv2.SubscribeStreamResponse_PERMISSION_DENIED {
		t.Errorf("status %v", answer.Status)
	}
}

func TestStreamWithoutSubscribersStopsItsRequestToPrometheus(t *testing.T) {
	asked, gone := make(chan struct{}), make(chan struct{})
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
		if requests.Add(1) == 1 {
			// without reading the body the server would not notice that the client has gone
			_, _ = io.Copy(io.Discard, request.Body)
			close(asked)
			<-request.Context().Done()
			close(gone)
		}
	}))
	defer server.Close()
	h := startForTest(t)
	ctx, cancel := context.WithCancel(withTimeout(t, 30*time.Second))
	defer cancel()
	runStream(t, ctx, h, settings(t, server.URL, nil), "up")
	receive(t, asked, "the request")
	cancel()
	receive(t, gone, "the end of the request")
	time.Sleep(1500 * time.Millisecond)
	if count := requests.Load(); count != 1 {
		t.Errorf("%d requests, want none after the first", count)
	}
}

func TestStreamThatCannotGoOnSaysSoAndEnds(t *testing.T) {
	h := startForTest(t)
	stream := runStream(t, withTimeout(t, 30*time.Second), h, settings(t, prometheusURL(t), nil), "up{")
	packet, err := stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	var frame data.Frame
	if err := json.Unmarshal(packet.Data, &frame); err != nil {
		t.Fatal(err)
	}
	if frame.Meta == nil || len(frame.Meta.Notices) != 1 || frame.Meta.Notices[0].Severity != data.NoticeSeverityWarning {
		t.Errorf("no notice: %s", packet.Data)
	}
	if _, err := stream.Recv(); err != io.EOF {
		t.Errorf("%v, want the end of the stream", err)
	}
}

func receive(t testing.TB, signal <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-signal:
	case <-time.After(10 * time.Second):
		t.Fatalf("waited 10 s for %s", what)
	}
}
