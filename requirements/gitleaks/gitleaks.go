//go:build tools

// Package gitleaks pins what `scripts/scanners.sh` builds: go.sum has the hash of every module of it.
package gitleaks

import _ "github.com/zricethezav/gitleaks/v8"
