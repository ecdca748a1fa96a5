package host

import (
	"fmt"
	"os"
	"testing"
)

// hostProcessVariable makes the test binary a host of its own, which a test can kill as a Grafana would be killed.
const hostProcessVariable = "PROMKEEP_TEST_RUN_AS_HOST"

func TestMain(m *testing.M) {
	if path := os.Getenv(hostProcessVariable); path != "" {
		runAsHost(path)
		return
	}
	code := m.Run()
	stopPrometheus()
	os.Exit(code)
}

// runAsHost starts the plugin, tells its pid and waits to be killed.
func runAsHost(path string) {
	h, err := start(path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(h.command.Process.Pid)
	select {}
}
