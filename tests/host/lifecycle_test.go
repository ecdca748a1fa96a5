package host

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/genproto/pluginv2"
	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

// The figure is for people to read: how long a start takes says as much about the machine as about the plugin.
func TestStartsWithinSecondsAndTellsHowFast(t *testing.T) {
	path := executable(t)
	best := time.Hour
	for i := 0; i < 10; i++ {
		h := newHost(path)
		before := time.Now()
		_, err := h.client.Start()
		best = min(best, time.Since(before))
		h.client.Kill()
		if err != nil {
			t.Fatal(err)
		}
	}
	fmt.Printf("start to handshake, best of 10: %v\n", best)
	if limit := 10 * time.Second; best > limit {
		t.Errorf("best of 10 starts took %v, limit %v", best, limit)
	}
}

// [P4]
func TestStopIsCleanAndFarBelowTheTwoSecondsAfterWhichGrafanaKills(t *testing.T) {
	h := startForTest(t)
	framesJSON(t, ask(t, h, settings(t, prometheusURL(t), nil), instantQuery(t, "A", "1"))["A"])
	before := time.Now()
	h.client.Kill()
	if took := time.Since(before); took > 1500*time.Millisecond {
		t.Errorf("stopping took %v", took)
	}
	if state := h.command.ProcessState; state == nil || state.ExitCode() != 0 {
		t.Errorf("the plugin ended with %v", state)
	}
}

func TestStopLeavesNoSocketBehind(t *testing.T) {
	h := startForTest(t)
	socket := h.client.ReattachConfig().Addr.String()
	if _, err := os.Stat(socket); err != nil {
		t.Fatal(err)
	}
	h.client.Kill()
	if _, err := os.Stat(filepath.Dir(socket)); !os.IsNotExist(err) {
		t.Errorf("%s is still there (%v)", filepath.Dir(socket), err)
	}
}

func TestInterruptIsIgnoredBecauseCtrlCReachesGrafanaAndItsPluginsAlike(t *testing.T) {
	h := startForTest(t)
	if err := h.command.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	time.Sleep(200 * time.Millisecond)
	framesJSON(t, ask(t, h, settings(t, prometheusURL(t), nil), instantQuery(t, "A", "1"))["A"])
}

func TestTerminateEndsThePluginCleanly(t *testing.T) {
	h := startForTest(t)
	if err := h.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	waitFor(t, 2*time.Second, "the plugin to end", h.client.Exited)
	if state := h.command.ProcessState; state == nil || state.ExitCode() != 0 {
		t.Errorf("the plugin ended with %v", state)
	}
}

func TestCrashIsSeenByTheHostAndANewStartWorks(t *testing.T) {
	h := startForTest(t)
	pluginContext := settings(t, prometheusURL(t), nil)
	if err := h.command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, 2*time.Second, "the host to see the crash", h.client.Exited)
	_, err := h.queryData(withTimeout(t, 10*time.Second), &backend.QueryDataRequest{
		PluginContext: pluginContext, Queries: []backend.DataQuery{instantQuery(t, "A", "1")},
	})
	if status.Code(err) != codes.Unavailable {
		t.Errorf("a call to a crashed plugin gives %v, want Unavailable", err)
	}
	again := startForTest(t)
	framesJSON(t, ask(t, again, pluginContext, instantQuery(t, "A", "1"))["A"])
}

// [P12]
func TestKilledHostTakesThePluginWithIt(t *testing.T) {
	hostProcess := exec.Command(os.Args[0])
	hostProcess.Env = append(os.Environ(), hostProcessVariable+"="+executable(t))
	output, err := hostProcess.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := hostProcess.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil || !isRunning(pid) {
		t.Fatalf("no plugin runs under the host: %q %v", line, err)
	}
	if err := hostProcess.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = hostProcess.Wait()
	waitFor(t, 4*time.Second, "the orphan to end", func() bool { return !isRunning(pid) })
}

// isRunning is false for zombies as well: in a container nobody may collect an orphan.
func isRunning(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	afterName := string(stat[bytes.LastIndexByte(stat, ')')+2:])
	return !strings.HasPrefix(afterName, "Z")
}

// [P2] [P11]
func TestStdoutCarriesOnlyTheHandshakeAndStderrOnlyLogLinesGrafanaCanRead(t *testing.T) {
	command := exec.Command(executable(t))
	command.Env = append(pluginEnvironment(), "grafana_plugin_type=datasource", "PLUGIN_PROTOCOL_VERSIONS=2")
	var stderr lockedBuffer
	command.Stderr = &stderr
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(output)
	handshake, err := reader.ReadString('\n')
	parts := strings.Split(strings.TrimSpace(handshake), "|")
	if err != nil || len(parts) != 6 || parts[2] != "unix" || parts[5] != "" {
		t.Fatalf("handshake %q (%v)", handshake, err)
	}
	connection, err := grpc.NewClient("unix:"+parts[3], grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	request := backend.ToProto().QueryDataRequest(&backend.QueryDataRequest{
		PluginContext: settings(t, "http://127.0.0.1:1", nil),
		Queries:       []backend.DataQuery{instantQuery(t, "A", "1"), rangeQuery(t, "B", "up{")},
	})
	if _, err := pluginv2.NewDataClient(connection).QueryData(withTimeout(t, 30*time.Second), request); err != nil {
		t.Fatal(err)
	}
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	rest, err := reader.ReadString(0)
	if rest != "" {
		t.Errorf("stdout after the handshake: %q (%v)", rest, err)
	}
	if err := command.Wait(); err != nil {
		t.Error(err)
	}
	checkLogLines(t, stderr.String())
}

// Six fraction digits or none at all: a line with three is taken for raw text [P11].
var logTime = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$`)

func checkLogLines(t *testing.T, text string) {
	t.Helper()
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		if line == "" {
			continue
		}
		var entry map[string]any
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Errorf("not a log line: %q", line)
			continue
		}
		at, _ := entry["@timestamp"].(string)
		_, isText := entry["@message"].(string)
		if !logTime.MatchString(at) || !isText || len(line) > 64*1024 {
			t.Errorf("a log line Grafana cannot read: %q", line)
		}
	}
}

func TestTheSameFileIsTheCommandLineProgram(t *testing.T) {
	output, err := exec.Command(executable(t), "--help").CombinedOutput()
	if err != nil || !strings.Contains(string(output), "serve") {
		t.Errorf("%v: %s", err, output)
	}
}

func TestHostThatDemandsEncryptionWithoutACertificateIsRefusedInsteadOfServedInTheClear(t *testing.T) {
	command := exec.Command(executable(t))
	command.Env = append(pluginEnvironment(), "grafana_plugin_type=datasource", "PLUGIN_CLIENT_CERT=PEM")
	output, err := command.CombinedOutput()
	if err == nil || !strings.Contains(string(output), "AutoMTLS") {
		t.Errorf("%v: %s", err, output)
	}
	if strings.Contains(string(output), fmt.Sprintf("%d|", goplugin.CoreProtocolVersion)) {
		t.Errorf("a handshake was printed: %s", output)
	}
}

func waitFor(t testing.TB, limit time.Duration, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s", limit, what)
		}
	}
}
