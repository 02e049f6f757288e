package main

// What a listener hears of App Context: users, channels and memberships that are set or removed.

import (
	"sort"
	"strings"
)

// eventFields gives what is set of an event; `updated` and `eTag` are those of the answer to the call.
func eventFields(event any, answer object) object {
	fields := without(event, "SubscribedChannel", "ActualChannel")
	if answer != nil {
		same("eTag", fields["ETag"], answer["eTag"])
		same("updated", fields["Updated"], answer["updated"])
		delete(fields, "ETag")
		delete(fields, "Updated")
	}
	return fields
}

var contextEvents = []example{
	{name: "event: uuid set and removed", run: func() {
		ann := fresh("ann")
		admin, listener := client(fresh("admin")), subscribed(client(ann), ann)

		written := users.set(admin, ann, object{"name": "Ann", "email": "ann@example.com", "custom": object{"mood": "fine"}})
		same("set", eventFields(next("uuid", listener.UUIDEvent, nil), written), object{
			"Event": PNObjectsEventSet, "UUID": ann, "Name": "Ann", "Email": "ann@example.com",
			"Custom": object{"mood": "fine"}, "Channel": ann,
		})
		users.remove(admin, ann)
		same("removed", eventFields(next("uuid", listener.UUIDEvent, nil), nil), object{
			"Event": PNObjectsEventRemove, "UUID": ann, "Channel": ann,
		})
	}},
	{name: "event: uuid set, heard on a channel the user is a member of", run: func() {
		ann, room := fresh("ann"), fresh("room")
		admin := client(fresh("admin"))
		answered(memberships.set(admin, ann, asked{}, entry{room, nil}))
		listener := subscribed(client(fresh("bob")), room)

		written := users.set(admin, ann, object{"name": "Ann"})

		same("set", eventFields(next("uuid", listener.UUIDEvent, nil), written), object{
			"Event": PNObjectsEventSet, "UUID": ann, "Name": "Ann", "Channel": room,
		})
	}},
	{name: "event: channel set and removed", run: func() {
		room := fresh("room")
		admin, listener := client(fresh("admin")), subscribed(client(fresh("ann")), room)

		written := channels.set(admin, room, object{"name": "Room", "description": "A room", "custom": object{"topic": "tea"}})
		same("set", eventFields(next("channel", listener.ChannelEvent, nil), written), object{
			"Event": PNObjectsEventSet, "ChannelID": room, "Name": "Room", "Description": "A room",
			"Custom": object{"topic": "tea"}, "Channel": room,
		})
		channels.remove(admin, room)
		same("removed", eventFields(next("channel", listener.ChannelEvent, nil), nil), object{
			"Event": PNObjectsEventRemove, "ChannelID": room, "Channel": room,
		})
	}},
	{name: "event: memberships set and removed, heard on the channel", run: func() { hearsMembership(&memberships, true) }},
	{name: "event: memberships set and removed, heard on the uuid", run: func() { hearsMembership(&memberships, false) }},
	{name: "event: channel members set and removed, heard on the channel", run: func() { hearsMembership(&members, true) }},
	{name: "event: channel members set and removed, heard on the uuid", run: func() { hearsMembership(&members, false) }},
	{name: "event: members set without custom", run: func() {
		ann, room := fresh("ann"), fresh("room")
		listener := subscribed(client(fresh("bob")), room)
		answered(members.set(client(fresh("admin")), room, asked{}, entry{ann, nil}))
		same("set", eventFields(next("membership", listener.MembershipEvent, nil), nil), object{
			"Event": PNObjectsEventSet, "UUID": ann, "ChannelID": room, "Channel": room,
		})
	}},
	{name: "event: uuid set by an SDK that sends null for what is left out", run: func() {
		ann := fresh("ann")
		listener := subscribed(client(ann), ann)
		patch("uuids/"+ann, object{"name": "Ann", "email": nil, "externalId": nil, "profileUrl": nil, "custom": nil})
		same("name", next("uuid", listener.UUIDEvent, nil).Name, "Ann")
	}},
	{name: "event: uuid set, a field cleared", alone: true, run: func() {
		ann := fresh("ann")
		patch("uuids/"+ann, object{"name": "Ann", "email": "ann@example.com"})
		listener := subscribed(client(ann), ann)
		patch("uuids/"+ann, object{"email": nil})
		same("email", next("uuid", listener.UUIDEvent, nil).Email, "")
	}},
	{name: "events: one for each change, none when nothing changed", run: func() {
		ann, room := fresh("ann"), fresh("room")
		admin, listener := client(fresh("admin")), subscribed(client(fresh("bob")), room)
		host := entry{ann, object{"role": "host"}}

		for _, name := range []string{"first", "first", "second", "second", "third"} {
			channels.set(admin, room, object{"name": name})
			answered(members.set(admin, room, asked{}, host))
		}
		for again := 0; again < 2; again++ {
			answered(members.remove(admin, room, asked{}, host))
			channels.remove(admin, room)
		}
		// What comes after all of them, on the same channel.
		channels.set(admin, room, object{"name": "last"})

		// This SDK hands each event to a goroutine of its own, so that they come in any order.
		heard := func(count int, next func() string) string {
			all := []string{}
			for len(all) < count {
				all = append(all, next())
			}
			sort.Strings(all)
			return strings.Join(all, ", ")
		}
		same("channels", heard(5, func() string {
			event := next("channel", listener.ChannelEvent, nil)
			return string(event.Event) + " " + event.Name
		}), "delete , set first, set last, set second, set third")
		same("memberships", heard(2, func() string {
			return string(next("membership", listener.MembershipEvent, nil).Event)
		}), "delete, set")
	}},
}

// hearsMembership sets and removes a membership from one side, and hears of it on the channel or on that of the user.
func hearsMembership(from *side, onChannel bool) {
	ann, room := fresh("ann"), fresh("room")
	heardOn, owner, other := ann, ann, room
	if onChannel {
		heardOn = room
	}
	if from.name == members.name {
		owner, other = room, ann
	}
	admin, listener := client(fresh("admin")), subscribed(client(fresh("bob")), heardOn)

	answered(from.set(admin, owner, asked{}, entry{other, object{"role": "host"}}))
	same("set", eventFields(next("membership", listener.MembershipEvent, nil), nil), object{
		"Event": PNObjectsEventSet, "UUID": ann, "ChannelID": room, "Custom": object{"role": "host"}, "Channel": heardOn,
	})
	answered(from.remove(admin, owner, asked{}, entry{other, nil}))
	same("removed", eventFields(next("membership", listener.MembershipEvent, nil), nil), object{
		"Event": PNObjectsEventRemove, "UUID": ann, "ChannelID": room, "Channel": heardOn,
	})
}
