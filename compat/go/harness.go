package main

// What every example shares: settings, checks, members made without an SDK, and one JSON line a result.
//
// Names of channels, groups and users are fresh in each run, so that a run neither disturbs nor believes an earlier one.

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"time"
)

const (
	// Every wait ends: an answer takes milliseconds, an event at most a presence timeout of 5 seconds.
	within = 10 * time.Second
	// The longest that an example with several waits may take.
	limit = 4 * within
	// And one that was begun before.
	longLimit = 90 * time.Second
)

// keys are those of a key set. Whoever has the secret key signs what it asks, and may do everything.
type keys struct{ subscribe, publish, secret string }

var (
	origin = setting("HEREABOUTS_ORIGIN")
	keySet = keys{setting("HEREABOUTS_SUBSCRIBE_KEY"), setting("HEREABOUTS_PUBLISH_KEY"), ""}
	// A key set that is in interval mode above 2 occupants, with an interval of 1 second and deltas on.
	intervalKeySet = keys{setting("HEREABOUTS_INTERVAL_SUBSCRIBE_KEY"), setting("HEREABOUTS_INTERVAL_PUBLISH_KEY"), ""}
	// A key set with access control: for those who grant, and for those who need a token.
	adminKeySet = keys{
		setting("HEREABOUTS_GUARDED_SUBSCRIBE_KEY"), setting("HEREABOUTS_GUARDED_PUBLISH_KEY"),
		setting("HEREABOUTS_GUARDED_SECRET_KEY"),
	}
	guardedKeySet = keys{adminKeySet.subscribe, adminKeySet.publish, ""}

	plainly = &http.Client{Timeout: within}
)

func setting(name string) string {
	value, ok := os.LookupEnv(name)
	if !ok {
		log.Fatalf("%s is not set", name)
	}
	return value
}

// ---------------------------------------------------------------------------------------------------------- examples

type example struct {
	name string
	run  func()
	// In a process of its own, since the SDK may end the process.
	alone bool
	// For what takes longer than an example may: it is called before all others, and what it returns last of all.
	begin func() func()
}

var examples []example

func register(all []example) { examples = append(examples, all...) }

// runAll runs the examples in order, prints a line for each, and returns the exit code. With a name it runs that one
// in this very process and says on standard error how it failed.
func runAll(names []string) int {
	if len(names) == 1 {
		for _, one := range examples {
			if one.name == names[0] {
				if failure := attempt(one.run); failure != "" {
					log.Fatal(failure)
				}
				return 0
			}
		}
		log.Fatalf("no such example: %s", names[0])
	}
	gaps, code := knownGaps(), 0
	for _, one := range begun(examples) {
		run := one.run
		if one.alone {
			run = inChild(one.name)
		}
		failure := attemptWithin(one.limit(), run)
		stopClients()
		gap, isKnown := gaps[one.name]
		result, detail := judge(failure, gap, isKnown)
		if result == "failed" {
			code = 1
		}
		line, err := json.Marshal(struct {
			SDK     string `json:"sdk"`
			Version string `json:"version"`
			Example string `json:"example"`
			Result  string `json:"result"`
			Detail  string `json:"detail"`
		}{"go", Version, one.name, result, detail})
		must(err)
		fmt.Println(string(line))
	}
	return code
}

// begun gives the examples in the order in which they end: those last that had to be begun, which they are. Their clients
// are not stopped with those of other examples.
func begun(examples []example) []example {
	var short, long []example
	for _, one := range examples {
		if one.begin == nil {
			short = append(short, one)
			continue
		}
		var rest func()
		begin := one.begin
		if failure := attempt(func() { rest = begin() }); failure != "" {
			rest = func() { fail("%s", failure) }
		}
		one.run = rest
		running = nil
		long = append(long, one)
	}
	return append(short, long...)
}

// attempt runs an example to its end or its limit, and returns how it failed.
func attempt(run func()) string { return attemptWithin(limit, run) }

func (one example) limit() time.Duration {
	if one.begin != nil {
		return longLimit
	}
	return limit
}

func attemptWithin(limit time.Duration, run func()) string {
	ended := make(chan string, 1)
	go func() {
		defer func() {
			if panicked := recover(); panicked != nil {
				ended <- fmt.Sprint(panicked)
				return
			}
			ended <- ""
		}()
		run()
	}()
	select {
	case failure := <-ended:
		return failure
	case <-time.After(limit):
		return fmt.Sprintf("the example did not end within %s", limit)
	}
}

func inChild(name string) func() {
	return func() {
		program, err := os.Executable()
		must(err)
		if output, err := exec.Command(program, name).CombinedOutput(); err != nil {
			first, _, _ := strings.Cut(string(output), "\n")
			fail("%s", first)
		}
	}
}

func judge(failure string, gap map[string]any, isKnown bool) (result, detail string) {
	switch {
	case !isKnown && failure == "":
		return "ok", ""
	case !isKnown:
		return "failed", failure
	case failure == "":
		return "failed", "listed in known-gaps.toml, but it works: take it off the list"
	case !strings.Contains(failure, gap["failure"].(string)):
		return "failed", "listed in known-gaps.toml, but it fails in another way: " + failure
	default:
		return "known gap", gap["reason"].(string)
	}
}

// knownGaps reads the gaps of this SDK version, by example; the program runs in its own folder. The file is plain enough
// to be read without a TOML library.
func knownGaps() map[string]map[string]any {
	text, err := os.ReadFile("../known-gaps.toml")
	must(err)
	var gaps []map[string]any
	for _, line := range strings.Split(string(text), "\n") {
		if line == "[[gap]]" {
			gaps = append(gaps, map[string]any{})
		} else if key, value, isEntry := strings.Cut(line, " = "); isEntry && !strings.HasPrefix(line, "#") {
			var decoded any
			must(json.Unmarshal([]byte(value), &decoded))
			gaps[len(gaps)-1][key] = decoded
		}
	}
	mine := map[string]map[string]any{}
	for _, gap := range gaps {
		for _, version := range gap["versions"].([]any) {
			if gap["sdk"] == "go" && version == Version {
				mine[gap["example"].(string)] = gap
			}
		}
	}
	return mine
}

// ------------------------------------------------------------------------------------------------------------- checks

// fail ends the example.
func fail(format string, values ...any) { panic(fmt.Sprintf(format, values...)) }

func must(err error) {
	if err != nil {
		fail("%v", err)
	}
}

// same compares values in the form that they have as JSON.
func same(what string, actual, expected any) {
	if shown, wanted := asJSON(actual), asJSON(expected); shown != wanted {
		fail("%s: expected %s, got %s", what, wanted, shown)
	}
}

func asJSON(value any) string {
	text, err := json.Marshal(value)
	must(err)
	return string(text)
}

// succeeded holds when a call was answered with 200 and without an error.
func succeeded(status StatusResponse, err error) {
	must(err)
	same("status code", status.StatusCode, 200)
	same("status error", status.Error, nil)
	same("status origin", status.Origin, origin)
}

// refused holds when a call was answered with an error, whose text comes with it.
func refused(code int, text string, status StatusResponse, err error) {
	if err == nil {
		fail("expected %d, but the call succeeded", code)
	}
	same("status code", status.StatusCode, code)
	if !strings.Contains(err.Error(), text) {
		fail("expected %q, got %v", text, err)
	}
}

func isTimetoken(value int64) {
	same("digits of the timetoken", len(fmt.Sprint(value)), 17)
	isRecent("timetoken", time.Unix(0, value*100))
}

func isRecent(what string, at time.Time) {
	if far := time.Since(at); far > 2*within || far < -2*within {
		fail("the %s is far from now: %s", what, at)
	}
}

// without gives the exported fields of a struct that are set, but for some.
func without(value any, names ...string) map[string]any {
	fields := map[string]any{}
	structure := reflect.Indirect(reflect.ValueOf(value))
	for at := 0; at < structure.NumField(); at++ {
		if field := structure.Field(at); !field.IsZero() {
			fields[structure.Type().Field(at).Name] = field.Interface()
		}
	}
	for _, name := range names {
		delete(fields, name)
	}
	return fields
}

type object = map[string]any

func fresh(name string) string {
	var random [4]byte
	_, err := rand.Read(random[:])
	must(err)
	return fmt.Sprintf("%s_%x", name, random)
}

func freshOnes(names ...string) []string {
	ones := make([]string, 0, len(names))
	for _, name := range names {
		ones = append(ones, fresh(name))
	}
	return ones
}

// --------------------------------------------------------------------------------------- members made without an SDK

// joins makes a user present by the heartbeat call, for as short a timeout as a test wants.
func joins(channel, userID string, seconds int, state object) {
	joinsIn(keySet, channel, userID, seconds, state)
}

func joinsIn(keySet keys, channel, userID string, seconds int, state object) {
	query := url.Values{"uuid": {userID}, "heartbeat": {fmt.Sprint(seconds)}}
	if state != nil {
		query.Set("state", asJSON(object{channel: state}))
	}
	ask("GET", fmt.Sprintf("/v2/presence/sub-key/%s/channel/%s/heartbeat", keySet.subscribe, channel), query, nil)
}

func join(channel string, userIDs ...string) {
	for _, userID := range userIDs {
		joins(channel, userID, 60, nil)
	}
}

func leave(channel, userID string) {
	path := fmt.Sprintf("/v2/presence/sub-key/%s/channel/%s/leave", keySet.subscribe, channel)
	ask("GET", path, url.Values{"uuid": {userID}}, nil)
}

func occupants(channel string) any {
	return ask("GET", fmt.Sprintf("/v2/presence/sub-key/%s/channel/%s", keySet.subscribe, channel), nil, nil)["uuids"]
}

func makeGroup(group string, channels ...string) {
	path := fmt.Sprintf("/v1/channel-registration/sub-key/%s/channel-group/%s", keySet.subscribe, group)
	ask("GET", path, url.Values{"add": {strings.Join(channels, ",")}}, nil)
}

// patch changes app context as another SDK would: with null where a field is to be cleared.
func patch(path string, body object) {
	ask("PATCH", fmt.Sprintf("/v2/objects/%s/%s", keySet.subscribe, path), nil, body)
}

func ask(method, path string, query url.Values, body any) object {
	var sent io.Reader
	if body != nil {
		sent = bytes.NewBufferString(asJSON(body))
	}
	// A plus sign is a plus sign to the server, so a space must not be written as one.
	target := fmt.Sprintf("http://%s%s?%s", origin, path, strings.ReplaceAll(query.Encode(), "+", "%20"))
	request, err := http.NewRequest(method, target, sent)
	must(err)
	reply, err := plainly.Do(request)
	must(err)
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	must(err)
	if reply.StatusCode != http.StatusOK {
		fail("%s answered %d: %s", target, reply.StatusCode, text)
	}
	var answer object
	must(json.Unmarshal(text, &answer))
	return answer
}
