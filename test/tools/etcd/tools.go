//go:build tools

// Package tools pins the etcd that the tests build; its go.mod is the only place that names the version.
package tools

import _ "go.etcd.io/etcd/server/v3"
