// Package host holds tests only: they launch the built executable exactly as Grafana does (go-plugin with the plugin SDK's
// handshake, no inherited environment), call it as Grafana does and decode its frames with the SDK.
package host
