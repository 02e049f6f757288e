package main

// Clients, which are stopped when their example is over, and listeners, which keep what is announced until it is asked for.

import (
	"io"
	"log"
	"net/http"
	"sync"
	"time"
)

var running []*PubNub

func client(userID string) *PubNub { return clientOf(userID, nil) }

// clientOf makes a client of a configuration that `change` has changed.
func clientOf(userID string, change func(*Config)) *PubNub {
	config := newConfig(userID)
	config.Origin = origin
	config.Secure = false
	config.SubscribeKey = keySet.subscribe
	config.PublishKey = keySet.publish
	config.Log = log.New(io.Discard, "", 0)
	if change != nil {
		change(config)
	}
	pn := newPubNub(config)
	running = append(running, pn)
	return pn
}

// admin is a client that knows the secret key of the key set with access control; a guest knows none, and shows nothing yet.
func admin() *PubNub { return clientOf(fresh("admin"), of(adminKeySet)) }

func guest() *PubNub { return clientOf(fresh("guest"), of(guardedKeySet)) }

func of(keySet keys) func(*Config) {
	return func(config *Config) {
		config.SubscribeKey, config.PublishKey, config.SecretKey = keySet.subscribe, keySet.publish, keySet.secret
	}
}

// withHeartbeats has the SDK send heartbeats each second. Its setter has a minimum of 20 seconds for the timeout.
func withHeartbeats(timeoutSeconds int) func(*Config) {
	return func(config *Config) {
		config.PresenceTimeout = timeoutSeconds
		config.HeartbeatInterval = 1
	}
}

func stopClients() {
	for _, pn := range running {
		if len(pn.GetSubscribedChannels())+len(pn.GetSubscribedGroups()) > 0 {
			pn.UnsubscribeAll()
		}
	}
	running = nil
}

// recorder notes the queries of a client's calls on their way.
type recorder struct {
	sync.Mutex
	last string
}

func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	r.Lock()
	r.last = request.URL.RawQuery
	r.Unlock()
	return http.DefaultTransport.RoundTrip(request)
}

func recorded(pn *PubNub) *recorder {
	r := &recorder{}
	pn.SetClient(&http.Client{Transport: r, Timeout: within})
	return r
}

// --------------------------------------------------------------------------------------------------------- listeners

func listen(pn *PubNub) *Listener {
	listener := newListener()
	// Roomy, so that the SDK never waits for an example.
	listener.Status = make(chan *PNStatus, 1000)
	listener.Message = make(chan *PNMessage, 1000)
	listener.Presence = make(chan *PNPresence, 1000)
	listener.Signal = make(chan *PNMessage, 1000)
	listener.UUIDEvent = make(chan *PNUUIDEvent, 1000)
	listener.ChannelEvent = make(chan *PNChannelEvent, 1000)
	listener.MembershipEvent = make(chan *PNMembershipEvent, 1000)
	pn.AddListener(listener)
	return listener
}

// subscribed gives a listener of the channel and its presence, once it is connected.
func subscribed(pn *PubNub, channel string) *Listener {
	listener := listen(pn)
	pn.Subscribe().Channels([]string{channel}).WithPresence(true).Execute()
	connected(listener)
	return listener
}

func connected(listener *Listener) {
	next("connected status", listener.Status, func(status *PNStatus) bool { return status.Category == PNConnectedCategory })
}

// next gives the next announcement that is wanted; those before it are dropped.
func next[T any](what string, announced <-chan T, isWanted func(T) bool) T {
	late := time.After(within)
	for {
		select {
		case one := <-announced:
			if isWanted == nil || isWanted(one) {
				return one
			}
		case <-late:
			fail("no such %s within %s", what, within)
		}
	}
}

func presenceOf(listener *Listener, event, userID string) *PNPresence {
	return next(event+" of "+userID, listener.Presence, func(heard *PNPresence) bool {
		return heard.Event == event && heard.UUID == userID
	})
}

// presenceFields gives what is set of a presence event; times are checked against the clock.
func presenceFields(event *PNPresence) object {
	isTimetoken(event.Timetoken)
	isRecent("timestamp", time.Unix(event.Timestamp, 0))
	fields := without(event, "Timetoken", "Timestamp", "SubscribedChannel", "ActualChannel")
	fields["Occupancy"] = event.Occupancy
	return fields
}

// messageFields gives what is set of a message or signal, without its deprecated names.
func messageFields(message *PNMessage) object {
	isTimetoken(message.Timetoken)
	return without(message, "Timetoken", "SubscribedChannel", "ActualChannel")
}
