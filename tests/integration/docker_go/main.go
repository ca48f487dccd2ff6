// Checks a Dockerfile as `docker build --check` does: BuildKit's own front end reads it, converts every stage, and
// says what is wrong or risky (secrets in ARG or ENV, stages that do not exist, flags that it does not know, ...).
// No engine is asked and no image is looked up; one without a version of its own is refused.
package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/opencontainers/go-digest"
)

// bare takes every base image for one that sets nothing.
type bare struct{}

func (bare) ResolveImageConfig(
	_ context.Context, ref string, _ sourceresolver.Opt,
) (string, digest.Digest, []byte, error) {
	if strings.HasSuffix(ref, ":latest") {
		return "", "", nil, fmt.Errorf("%s: neither a stage nor an image of one version", ref)
	}
	config := []byte(`{"architecture": "amd64", "os": "linux", "config": {}}`)
	return ref, digest.FromBytes(config), config, nil
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: docker_go DOCKERFILE")
		os.Exit(2)
	}
	found, err := check(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, sentence := range found {
		fmt.Println(sentence)
	}
	if len(found) > 0 {
		os.Exit(1)
	}
}

// check returns a sentence for each thing that is wrong with a Dockerfile.
func check(path string) ([]string, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	source := llb.NewSourceMap(nil, path, "dockerfile", content)
	if source.Definition, err = llb.Scratch().Marshal(ctx); err != nil {
		return nil, err
	}
	results, err := dockerfile2llb.DockerfileLint(ctx, content, dockerfile2llb.ConvertOpt{
		SourceMap:    source,
		MetaResolver: bare{},
	})
	if err != nil {
		return nil, err
	}
	var found []string
	for _, warning := range results.Warnings {
		found = append(found, fmt.Sprintf("%s: %s", warning.RuleName, warning.Detail))
	}
	if results.Error != nil {
		found = append(found, results.Error.Message)
	}
	return found, nil
}
