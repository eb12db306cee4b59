//go:build tools

// Package tools pins the Kubernetes control plane that the tests build; its go.mod is the only place that names the
// version.
package tools

import (
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kube-controller-manager"
)
