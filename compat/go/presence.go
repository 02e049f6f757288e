package main

// The calls of the Presence document for Go, as it spells them.

import (
	"sort"
	"strings"
)

var presenceCalls = []example{
	{name: "here now: uuids", run: func() {
		channel := fresh("my-channel-1")
		join(channel, "ann", "bob")

		res, status, err := client(fresh("asker")).HereNow().
			Channels([]string{channel}).
			IncludeUUIDs(true).
			Execute()

		succeeded(status, err)
		same("result", hereNow(res), found(1, 2, place{channel, 2, []any{user("ann"), user("bob")}}))
	}},
	{name: "here now: state and uuids", run: func() {
		channel := fresh("my-channel-1")
		joins(channel, "ann", 60, object{"abcd": object{"age": 15}})
		join(channel, "bob")

		res, status, err := client(fresh("asker")).HereNow().
			Channels([]string{channel}).
			IncludeUUIDs(true).
			IncludeState(true).
			Execute()

		succeeded(status, err)
		ann := userWith("ann", object{"abcd": object{"age": 15}})
		same("result", hereNow(res), found(1, 2, place{channel, 2, []any{ann, user("bob")}}))
	}},
	{name: "here now: occupancy only", run: func() {
		channel := fresh("my-channel-1")
		join(channel, "ann", "bob", "cho")

		res, status, err := client(fresh("asker")).HereNow().
			Channels([]string{channel}).
			IncludeUUIDs(false).
			IncludeState(false).
			Execute()

		succeeded(status, err)
		// The SDK asks by `disable-uuids`, which is no parameter of the protocol: who is there comes all the same.
		same("result", hereNow(res), found(1, 3, place{channel, 3, []any{user("ann"), user("bob"), user("cho")}}))
	}},
	{name: "here now: several channels", run: func() {
		room, hall, nobody := fresh("a_room"), fresh("b_hall"), fresh("c_nobody")
		join(room, "ann")
		join(hall, "ann", "bob")

		res, status, err := client(fresh("asker")).HereNow().
			Channels([]string{room, hall, nobody}).
			IncludeUUIDs(true).
			Execute()

		succeeded(status, err)
		same("result", hereNow(res), found(2, 3,
			place{room, 1, []any{user("ann")}}, place{hall, 2, []any{user("ann"), user("bob")}}))
	}},
	{name: "here now: nobody there", run: func() {
		channel := fresh("my-channel-1")

		res, status, err := client(fresh("asker")).HereNow().Channels([]string{channel}).Execute()

		succeeded(status, err)
		same("result", hereNow(res), found(1, 0, place{channel, 0, []any{}}))
	}},
	{name: "here now: uuids and occupancy for all channels", run: func() {
		channel := fresh("my-channel-1")
		join(channel, "ann")

		res, status, err := client(fresh("asker")).HereNow().
			IncludeUUIDs(true).
			IncludeState(false).
			Execute()

		succeeded(status, err)
		isWholeKeySet(res, place{channel, 1, []any{user("ann")}})
	}},
	{name: "here now: occupancy for all channels", run: func() {
		channel := fresh("my-channel-1")
		joins(channel, "ann", 60, object{"mood": "fine"})

		res, status, err := client(fresh("asker")).HereNow().
			IncludeUUIDs(true).
			IncludeState(true).
			Execute()

		succeeded(status, err)
		isWholeKeySet(res, place{channel, 1, []any{userWith("ann", object{"mood": "fine"})}})
	}},
	{name: "here now: channel groups", run: func() {
		groups, channels := threeGroups()
		join(channels[0], "ann")
		join(channels[1], "bob")
		join(channels[2], "ann", "cho")

		res, status, err := client(fresh("asker")).HereNow().
			ChannelGroups(groups).
			IncludeUUIDs(true).
			IncludeState(true).
			Execute()

		succeeded(status, err)
		same("result", hereNow(res), found(3, 4, place{channels[0], 1, []any{user("ann")}},
			place{channels[1], 1, []any{user("bob")}}, place{channels[2], 2, []any{user("ann"), user("cho")}}))
	}},
	{name: "here now: query param", run: func() {
		room, hall := fresh("a_room"), fresh("b_hall")
		join(room, "ann")
		join(hall, "ann", "bob")
		pn := client(fresh("asker"))
		sent := recorded(pn)

		res, status, err := pn.HereNow().
			Channels([]string{room, hall}).
			QueryParam(map[string]string{"disable_uuids": "1", "q1": "v1"}).
			Execute()

		succeeded(status, err)
		sent.has("disable_uuids=1", "q1=v1")
		same("result", hereNow(res), found(2, 3, place{room, 1, []any{}}, place{hall, 2, []any{}}))
	}},
	{name: "where now: another user", run: func() {
		other, room, hall := fresh("username-uuid"), fresh("a_room"), fresh("b_hall")
		join(room, other)
		join(hall, other)
		pn := client(fresh("asker"))

		res, status, err := pn.WhereNow().UUID(other).Execute()
		succeeded(status, err)
		sort.Strings(res.Channels)
		same("channels", res.Channels, []string{room, hall})

		nobody, status, err := pn.WhereNow().UUID(fresh("stranger")).Execute()
		succeeded(status, err)
		same("channels of a stranger", nobody.Channels, nil)
	}},
	{name: "where now: own channels", run: func() {
		ann, room := fresh("ann"), fresh("room")
		join(room, ann)

		res, status, err := client(ann).WhereNow().Execute()

		succeeded(status, err)
		same("channels", res.Channels, []string{room})
	}},
	{name: "where now: query param", run: func() {
		ann, room := fresh("ann"), fresh("room")
		join(room, ann)
		pn := client(fresh("asker"))
		sent := recorded(pn)

		res, status, err := pn.WhereNow().UUID(ann).QueryParam(map[string]string{"q1": "v1"}).Execute()

		succeeded(status, err)
		sent.has("q1=v1")
		same("channels", res.Channels, []string{room})
	}},
	{name: "set state and get state", run: func() {
		channel := fresh("ch")
		pn := client(fresh("ann"))

		res, status, err := pn.SetState().
			Channels([]string{channel}).
			State(map[string]interface{}{"is_typing": true}).
			Execute()
		succeeded(status, err)
		same("state", res.State, object{"is_typing": true})
		same("message", res.Message, "OK")

		got, status, err := pn.GetState().Channels([]string{channel}).Execute()
		succeeded(status, err)
		same("read back", got.State, object{channel: object{"is_typing": true}})
	}},
	{name: "set state: for another user", run: func() {
		channel, other := fresh("ch"), fresh("suchUUID")
		join(channel, other)
		pn := client(fresh("ann"))

		res, status, err := pn.SetState().
			Channels([]string{channel}).
			State(map[string]interface{}{"text": "ça va ? & + %"}).
			UUID(other).
			Execute()
		succeeded(status, err)
		same("state", res.State, object{"text": "ça va ? & + %"})

		got, status, err := pn.GetState().Channels([]string{channel}).UUID(other).Execute()
		succeeded(status, err)
		same("uuid", got.UUID, other)
		same("read back", got.State, object{channel: object{"text": "ça va ? & + %"}})
	}},
	{name: "get state: channels and channel groups of another user", run: func() {
		other, groups, members := fresh("suchUUID"), []string(nil), []string(nil)
		channels := freshOnes("ch1", "ch2", "ch3")
		groups, members = threeGroups()
		joins(channels[0], other, 60, object{"age": 20})
		joins(members[1], other, 60, object{"mood": object{"now": "fine"}})

		res, status, err := client(fresh("asker")).GetState().
			Channels(channels).
			ChannelGroups(groups).
			UUID(other).
			Execute()

		succeeded(status, err)
		same("uuid", res.UUID, other)
		same("state", res.State, object{
			channels[0]: object{"age": 20}, channels[1]: object{}, channels[2]: object{},
			members[0]: object{}, members[1]: object{"mood": object{"now": "fine"}}, members[2]: object{},
		})
	}},
	{name: "set state: channels and channel groups", run: func() {
		channels := freshOnes("ch1", "ch2", "ch3")
		groups, members := threeGroups()
		myState := map[string]interface{}{"age": 20}
		pn := client(fresh("ann"))

		res, status, err := pn.SetState().
			ChannelGroups(groups).
			Channels(channels).
			State(myState).
			Execute()
		succeeded(status, err)
		same("state", res.State, myState)

		got, status, err := pn.GetState().Channels(channels).ChannelGroups(groups).Execute()
		succeeded(status, err)
		expected := object{}
		for _, channel := range append(channels, members...) {
			expected[channel] = myState
		}
		same("read back", got.State, expected)
	}},
	{name: "set state: channel groups alone", run: func() {
		groups, members := threeGroups()
		pn := client(fresh("ann"))

		_, status, err := pn.SetState().ChannelGroups(groups).State(map[string]interface{}{"age": 20}).Execute()
		succeeded(status, err)

		got, status, err := pn.GetState().Channels(members).Execute()
		succeeded(status, err)
		age := object{"age": 20}
		same("read back", got.State, object{members[0]: age, members[1]: age, members[2]: age})
	}},
	{name: "set state and get state: query param", run: func() {
		channel := fresh("ch")
		pn := client(fresh("ann"))
		sent := recorded(pn)

		_, status, err := pn.SetState().Channels([]string{channel}).State(map[string]interface{}{"age": 20}).
			QueryParam(map[string]string{"q1": "v1"}).Execute()
		succeeded(status, err)
		sent.has("q1=v1")

		got, status, err := pn.GetState().Channels([]string{channel}).QueryParam(map[string]string{"q2": "v2"}).Execute()
		succeeded(status, err)
		sent.has("q2=v2")
		same("read back", got.State, object{channel: object{"age": 20}})
	}},
	{name: "presence: connected, heartbeats without a subscription", run: func() {
		channel, group, member, ann := fresh("my-channel"), fresh("my-channel-group"), fresh("member"), fresh("ann")
		makeGroup(group, member)
		heard := subscribed(client(fresh("watcher")), channel)
		pn := clientOf(ann, withHeartbeats(5))
		sent := recorded(pn)

		pn.Presence().
			Connected(true).
			Channels([]string{channel}).
			ChannelGroups([]string{group}).
			QueryParam(map[string]string{"q1": "v1"}).
			Execute()
		presenceOf(heard, "join", ann)
		same("occupants of the group's channel", occupants(member), []string{ann})
		sent.has("q1=v1")

		// Without the heartbeats that the SDK sends each second, ann would lapse before the clock does.
		joins(channel, ann, 3, nil)
		joins(channel, "clock", 5, nil)
		first := next("timeout", heard.Presence, func(event *PNPresence) bool { return event.Event == "timeout" })
		same("who lapsed", first.UUID, "clock")
	}},
	{name: "presence: not connected, the heartbeats stop", run: func() {
		channel, group, member, ann := fresh("my-channel"), fresh("my-channel-group"), fresh("member"), fresh("ann")
		makeGroup(group, member)
		heard := subscribed(client(fresh("watcher")), channel)
		pn := clientOf(ann, withHeartbeats(3))
		pn.Presence().Connected(true).Channels([]string{channel}).ChannelGroups([]string{group}).Execute()
		presenceOf(heard, "join", ann)

		pn.Presence().
			Connected(false).
			Channels([]string{channel}).
			ChannelGroups([]string{group}).
			Execute()

		// The SDK sends no leave then; its heartbeats stop, and the member lapses.
		same("event", presenceFields(presenceOf(heard, "timeout", ann)), object{
			"Event": "timeout", "Channel": channel, "UUID": ann, "Occupancy": told(1), "State": object{},
		})
		same("occupants of the group's channel", occupants(member), []string{})
	}},
	{name: "heartbeat: one, with state", run: func() {
		channel, ann := fresh("my-channel"), fresh("ann")
		pn := clientOf(ann, withHeartbeats(60))

		_, status, err := pn.Heartbeat().
			Channels([]string{channel}).
			State(map[string]interface{}{channel: object{"mood": "fine"}}).
			Execute()

		succeeded(status, err)
		same("occupants", occupants(channel), []string{ann})
		got, status, err := pn.GetState().Channels([]string{channel}).Execute()
		succeeded(status, err)
		same("state", got.State, object{channel: object{"mood": "fine"}})
	}},
}

func threeGroups() (groups, members []string) {
	groups, members = freshOnes("cg1", "cg2", "cg3"), freshOnes("m1", "m2", "m3")
	for at, group := range groups {
		makeGroup(group, members[at])
	}
	return groups, members
}

// has holds when the last request had these parameters.
func (r *recorder) has(parameters ...string) {
	r.Lock()
	query := "&" + r.last + "&"
	r.Unlock()
	for _, parameter := range parameters {
		if !strings.Contains(query, "&"+parameter+"&") {
			fail("%s was not sent: %s", parameter, query)
		}
	}
}

// ------------------------------------------------------------------------------------------------- results of here now

type place struct {
	Channel   string
	Occupancy int
	Occupants []any
}

func user(userID string) any { return userWith(userID, nil) }

func userWith(userID string, state object) any { return []any{userID, state} }

func found(totalChannels, totalOccupancy int, places ...place) any {
	return []any{totalChannels, totalOccupancy, places}
}

// hereNow gives a result as plain values; the order of channels is not promised, that of occupants is.
func hereNow(res *HereNowResponse) any {
	return found(res.TotalChannels, res.TotalOccupancy, placesOf(res)...)
}

func placesOf(res *HereNowResponse) []place {
	places := []place{}
	for _, channel := range res.Channels {
		one := place{channel.ChannelName, channel.Occupancy, []any{}}
		for _, occupant := range channel.Occupants {
			state := occupant.State
			if len(state) == 0 { // In one form of the answer the SDK says nil for no state, in the other an empty map.
				state = nil
			}
			one.Occupants = append(one.Occupants, userWith(occupant.UUID, state))
		}
		places = append(places, one)
	}
	sort.Slice(places, func(a, b int) bool { return places[a].Channel < places[b].Channel })
	return places
}

// isWholeKeySet holds when `mine` is among what was found, and the totals are those of it. Others are there, too: what
// earlier examples left behind.
func isWholeKeySet(res *HereNowResponse, mine place) {
	occupancy, isThere := 0, false
	for _, one := range placesOf(res) {
		occupancy += one.Occupancy
		isThere = isThere || asJSON(one) == asJSON(mine)
	}
	if !isThere {
		fail("%s is not among %s", asJSON(mine), asJSON(placesOf(res)))
	}
	same("total channels", res.TotalChannels, len(res.Channels))
	same("total occupancy", res.TotalOccupancy, occupancy)
}
