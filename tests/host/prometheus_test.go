package host

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

var sharedPrometheus struct {
	once    sync.Once
	url     string
	process *exec.Cmd
	dir     string
	err     error
}

// prometheusURL is the address of a real Prometheus: the runner's (PROMKEEP_TEST_PROMETHEUS_URL), or one of our own
// (PROMETHEUS_BIN, else `prometheus` on PATH), started once for all tests. It needs no data: the tests make their series in PromQL.
func prometheusURL(t testing.TB) string {
	t.Helper()
	sharedPrometheus.once.Do(startPrometheus)
	if sharedPrometheus.err != nil {
		t.Fatalf("Prometheus: %v", sharedPrometheus.err)
	}
	return sharedPrometheus.url
}

func startPrometheus() {
	shared := &sharedPrometheus
	if shared.url = strings.TrimRight(os.Getenv("PROMKEEP_TEST_PROMETHEUS_URL"), "/"); shared.url != "" {
		return
	}
	binary := os.Getenv("PROMETHEUS_BIN")
	if binary == "" {
		binary = "prometheus"
	}
	if shared.dir, shared.err = os.MkdirTemp("", "promkeep-host-test-"); shared.err != nil {
		return
	}
	config := filepath.Join(shared.dir, "prometheus.yml")
	if shared.err = os.WriteFile(config, []byte("global: {}\n"), 0o600); shared.err != nil {
		return
	}
	var port int
	if port, shared.err = freePort(); shared.err != nil {
		return
	}
	shared.url = fmt.Sprintf("http://127.0.0.1:%d", port)
	shared.process = exec.Command(binary,
		"--config.file="+config,
		"--storage.tsdb.path="+filepath.Join(shared.dir, "data"),
		fmt.Sprintf("--web.listen-address=127.0.0.1:%d", port))
	if shared.err = shared.process.Start(); shared.err != nil {
		return
	}
	shared.err = waitUntilReady(shared.url + "/-/ready")
}

func stopPrometheus() {
	if process := sharedPrometheus.process; process != nil && process.Process != nil {
		_ = process.Process.Signal(syscall.SIGTERM)
		_ = process.Wait()
	}
	if sharedPrometheus.dir != "" {
		_ = os.RemoveAll(sharedPrometheus.dir)
	}
}

func waitUntilReady(url string) error {
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		response, err := http.Get(url)
		if err != nil {
			continue
		}
		_ = response.Body.Close()
		if response.StatusCode == http.StatusOK {
			return nil
		}
	}
	return fmt.Errorf("%s did not answer within 30 s", url)
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}
