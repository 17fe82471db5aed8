// Command flux-ssa applies files as Flux's kustomize-controller does with its defaults, and prints as JSON what that took. It is
// the part of Flux that stands beside Muster in bench/apply.ts: no Git, no kustomize build, no status, no events.
//
//	flux-ssa --kubeconfig FILE [--contexts a,b] [--wait] FILE…
//
// Each file is what one Kustomization would have built. Each context gets all files.
package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/fluxcd/cli-utils/pkg/flowcontrol"
	"github.com/fluxcd/cli-utils/pkg/kstatus/polling"
	"github.com/fluxcd/pkg/ssa"
	"github.com/fluxcd/pkg/ssa/normalize"
	"github.com/fluxcd/pkg/ssa/utils"
	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
)

// What kustomize-controller has where nobody sets anything: flags --concurrent, --concurrent-ssa, --kube-api-qps and
// --kube-api-burst of its main.go, and the pause and the time of its health check.
const (
	concurrentKustomizations = 4
	concurrentApplies        = 4
	queriesPerSecond         = 50
	queryBurst               = 300
	healthInterval           = 5 * time.Second
	healthTimeout            = 10 * time.Minute
)

// owner is the field manager of kustomize-controller and the prefix of its labels.
var owner = ssa.Owner{Field: "kustomize-controller", Group: "kustomize.toolkit.fluxcd.io"}

type options struct {
	kubeconfig string
	contexts   []string
	wait       bool
	files      []string
}

// report is what is printed: one object, times in milliseconds.
type report struct {
	WallMs  float64        `json:"wallMs"`
	CPUMs   float64        `json:"cpuMs"`
	Actions map[string]int `json:"actions"`
}

func main() {
	kubeconfig := flag.String("kubeconfig", "", "the clusters' addresses and credentials")
	contexts := flag.String("contexts", "", "contexts of the kubeconfig, separated by commas; default: its current one")
	wait := flag.Bool("wait", false, "wait until the objects of each file are Current, as spec.wait of a Kustomization does")
	version := flag.Bool("version", false, "print the version of fluxcd/pkg/ssa, and end")
	flag.Parse()
	if *version {
		fmt.Println(ssaVersion())
		return
	}
	began := time.Now()
	actions, err := applyEverywhere(context.Background(), options{
		kubeconfig: *kubeconfig, contexts: strings.Split(*contexts, ","), wait: *wait, files: flag.Args(),
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	wall := time.Since(began)
	_ = json.NewEncoder(os.Stdout).Encode(report{WallMs: milliseconds(wall), CPUMs: milliseconds(usedCPU()), Actions: actions})
}

// ssaVersion is that of the module that does the work, from what the linker wrote into this program.
func ssaVersion() string {
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		if module.Path == "github.com/fluxcd/pkg/ssa" {
			return module.Version
		}
	}
	return "unknown"
}

// applyEverywhere brings all files to all contexts, and counts what became of the objects: created, configured, unchanged.
func applyEverywhere(ctx context.Context, opts options) (map[string]int, error) {
	results := make(chan *ssa.ChangeSet, len(opts.contexts)*len(opts.files))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(concurrentKustomizations)
	for _, name := range opts.contexts {
		connection, err := connect(ctx, opts.kubeconfig, name)
		if err != nil {
			return nil, fmt.Errorf("context %q: %w", name, err)
		}
		for _, file := range opts.files {
			group.Go(func() error {
				changes, err := reconcile(ctx, connection, file, opts.wait)
				if err != nil {
					return fmt.Errorf("context %q, %s: %w", name, file, err)
				}
				results <- changes
				return nil
			})
		}
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	close(results)
	return count(results), nil
}

func count(results <-chan *ssa.ChangeSet) map[string]int {
	actions := map[string]int{}
	for changes := range results {
		for _, entry := range changes.Entries {
			actions[string(entry.Action)]++
		}
	}
	return actions
}

// connection is a client of one cluster, and the parts of it that health checks need.
type connection struct {
	client client.Client
	poller *polling.StatusPoller
}

// connect makes a client without a cache, as kustomize-controller reads what it applies: unstructured objects, one by one.
func connect(ctx context.Context, kubeconfig, name string) (connection, error) {
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
		&clientcmd.ClientConfigLoadingRules{ExplicitPath: kubeconfig},
		&clientcmd.ConfigOverrides{CurrentContext: name},
	).ClientConfig()
	if err != nil {
		return connection{}, err
	}
	limitRate(ctx, config)
	httpClient, err := rest.HTTPClientFor(config)
	if err != nil {
		return connection{}, err
	}
	mapper, err := apiutil.NewDynamicRESTMapper(config, httpClient)
	if err != nil {
		return connection{}, err
	}
	kubeClient, err := client.New(config, client.Options{HTTPClient: httpClient, Mapper: mapper})
	if err != nil {
		return connection{}, err
	}
	return connection{client: kubeClient, poller: polling.NewStatusPoller(kubeClient, mapper, polling.Options{})}, nil
}

// limitRate leaves the rate to a server that has priority and fairness, as all current ones have, and limits it for others.
func limitRate(ctx context.Context, config *rest.Config) {
	config.QPS, config.Burst = queriesPerSecond, queryBurst
	if enabled, err := flowcontrol.IsEnabled(ctx, config); err == nil && enabled {
		config.QPS, config.Burst = -1, -1
	}
}

// reconcile is one Kustomization: read, normalize, label, apply by stages, and check health where that is asked for.
func reconcile(ctx context.Context, to connection, file string, wait bool) (*ssa.ChangeSet, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	objects, err := utils.ReadObjects(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	manager := ssa.NewResourceManager(to.client, to.poller, owner)
	manager.SetConcurrency(concurrentApplies)
	manager.SetOwnerLabels(objects, nameOf(file), "flux-system")
	if err := normalize.UnstructuredList(objects); err != nil {
		return nil, err
	}
	changes, err := manager.ApplyAllStaged(ctx, objects, ssa.DefaultApplyOptions())
	if err != nil || !wait {
		return changes, err
	}
	return changes, manager.WaitForSetWithContext(ctx, changes.ToObjMetadataSet(), ssa.WaitOptions{
		Interval: healthInterval, Timeout: healthTimeout,
	})
}

// nameOf is the name of the Kustomization: that of its file, as a label can have it.
func nameOf(file string) string {
	return cmp.Or(strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)), "bench")
}

// usedCPU is user and system time of this process.
func usedCPU() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func milliseconds(duration time.Duration) float64 {
	return float64(duration.Microseconds()) / 1000
}
