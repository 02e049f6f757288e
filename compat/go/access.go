package main

// Access control, as far as both versions have it: calls that are signed or refused, and the older grants to auth keys.

import "strings"

// need is one permission on a name of a kind.
type need struct{ kind, name, permission string }

// guarded is a call with what it needs.
type guarded struct {
	call  func(pn *PubNub, of names) (StatusResponse, error)
	needs []need
}

type names struct{ room, family, ann string }

func freshNames() names { return names{fresh("room"), fresh("family"), fresh("ann")} }

func (n names) named(one need) string {
	return map[string]string{"room": n.room, "family": n.family, "ann": n.ann}[one.name]
}

type family struct {
	name      string
	inContext bool
	calls     []guarded
}

func onRoom(permission string) need   { return need{"channel", "room", permission} }
func onFamily(permission string) need { return need{"group", "family", permission} }
func onAnn(permission string) need    { return need{"user", "ann", permission} }

const denied = "Supplied authorization key does not have the permissions required to perform this operation."

var families = []family{
	{name: "publish and signal", calls: []guarded{
		{func(pn *PubNub, of names) (StatusResponse, error) {
			_, status, err := pn.Publish().Channel(of.room).Message(object{"a": "b c"}).Meta(object{"m": "~*'()!"}).Execute()
			return status, err
		}, []need{onRoom("write")}},
		{func(pn *PubNub, of names) (StatusResponse, error) {
			_, status, err := pn.Publish().Channel(of.room).Message(object{"a": 1}).UsePost(true).Execute()
			return status, err
		}, []need{onRoom("write")}},
		{func(pn *PubNub, of names) (StatusResponse, error) {
			_, status, err := pn.Signal().Channel(of.room).Message("hi").Execute()
			return status, err
		}, []need{onRoom("write")}},
	}},
	{name: "presence", calls: []guarded{
		{func(pn *PubNub, of names) (StatusResponse, error) {
			_, status, err := pn.HereNow().Channels([]string{of.room}).ChannelGroups([]string{of.family}).Execute()
			return status, err
		}, []need{onRoom("read"), onFamily("read")}},
		{func(pn *PubNub, of names) (StatusResponse, error) {
			_, status, err := pn.SetState().Channels([]string{of.room}).State(object{"mood": "~ fine!"}).Execute()
			return status, err
		}, []need{onRoom("read")}},
		{func(pn *PubNub, of names) (StatusResponse, error) {
			_, status, err := pn.GetState().Channels([]string{of.room}).Execute()
			return status, err
		}, []need{onRoom("read")}},
	}},
	{name: "groups", calls: []guarded{
		{func(pn *PubNub, of names) (StatusResponse, error) {
			_, status, err := pn.AddChannelToChannelGroup().ChannelGroup(of.family).Channels([]string{of.room}).Execute()
			return status, err
		}, []need{onFamily("manage")}},
		{func(pn *PubNub, of names) (StatusResponse, error) {
			_, status, err := pn.RemoveChannelFromChannelGroup().ChannelGroup(of.family).Channels([]string{of.room}).Execute()
			return status, err
		}, []need{onFamily("manage")}},
		{func(pn *PubNub, of names) (StatusResponse, error) {
			_, status, err := pn.DeleteChannelGroup().ChannelGroup(of.family).Execute()
			return status, err
		}, []need{onFamily("manage")}},
	}},
	{name: "users", inContext: true, calls: []guarded{
		{func(pn *PubNub, of names) (StatusResponse, error) {
			_, status, err := pn.SetUUIDMetadata().UUID(of.ann).Name("Ann ~ é'").Execute()
			return status, err
		}, []need{onAnn("update")}},
		{func(pn *PubNub, of names) (StatusResponse, error) {
			_, status, err := pn.GetUUIDMetadata().UUID(of.ann).Execute()
			return status, err
		}, []need{onAnn("get")}},
		{func(pn *PubNub, of names) (StatusResponse, error) {
			_, status, err := pn.RemoveUUIDMetadata().UUID(of.ann).Execute()
			return status, err
		}, []need{onAnn("delete")}},
	}},
	{name: "channels", inContext: true, calls: []guarded{
		{func(pn *PubNub, of names) (StatusResponse, error) {
			_, status, err := pn.SetChannelMetadata().Channel(of.room).Name("Room").Execute()
			return status, err
		}, []need{onRoom("update")}},
		{func(pn *PubNub, of names) (StatusResponse, error) {
			_, status, err := pn.GetChannelMetadata().Channel(of.room).Execute()
			return status, err
		}, []need{onRoom("get")}},
		{func(pn *PubNub, of names) (StatusResponse, error) {
			_, status, err := pn.RemoveChannelMetadata().Channel(of.room).Execute()
			return status, err
		}, []need{onRoom("delete")}},
	}},
	{name: "memberships and members", inContext: true, calls: []guarded{
		{func(pn *PubNub, of names) (StatusResponse, error) {
			_, status, err := memberships.set(pn, of.ann, asked{}, entry{id: of.room})
			return status, err
		}, []need{onAnn("update"), onRoom("join")}},
		{func(pn *PubNub, of names) (StatusResponse, error) {
			_, status, err := memberships.get(pn, of.ann, asked{})
			return status, err
		}, []need{onAnn("get")}},
		{func(pn *PubNub, of names) (StatusResponse, error) {
			_, status, err := members.set(pn, of.room, asked{}, entry{id: of.ann})
			return status, err
		}, []need{onRoom("manage")}},
		{func(pn *PubNub, of names) (StatusResponse, error) {
			_, status, err := members.get(pn, of.room, asked{})
			return status, err
		}, []need{onRoom("get")}},
	}},
}

// refuses holds when a call of the family is refused with all that it needs named in the refusal.
func (f family) refuses(one guarded, of names, status StatusResponse, err error) {
	if f.inContext {
		refused(403, denied, status, err)
		return
	}
	refused(403, "Forbidden", status, err)
	for _, need := range one.needs {
		name := of.named(need)
		if need.kind == "group" {
			name = ":" + name
		}
		if !strings.Contains(err.Error(), name) {
			fail("%s is not in the refusal: %v", name, err)
		}
	}
}

var accessCalls = concatenated(signed(), []example{
	{name: "access: what only the secret key may do", run: func() {
		pn := admin()
		_, status, err := pn.HereNow().Execute()
		succeeded(status, err)
		_, status, err = pn.GetAllUUIDMetadata().Execute()
		succeeded(status, err)
		_, status, err = pn.GetAllChannelMetadata().Execute()
		succeeded(status, err)
		_, status, err = pn.WhereNow().UUID("ann").Execute()
		succeeded(status, err)
		_, status, err = pn.ListChannelsInChannelGroup().ChannelGroup("family").Execute()
		succeeded(status, err)
	}},
	{name: "subscribe: without a token, a subscriber is told", run: func() {
		pn := guest()
		listener := listen(pn)
		pn.Subscribe().Channels([]string{fresh("room")}).Execute()
		isDenied(listener)
	}},
	{name: "grant: an auth key for a channel, and taken back", run: func() {
		room, key, granting := fresh("room"), fresh("key"), admin()
		pn := clientOf(fresh("guest"), func(config *Config) {
			of(guardedKeySet)(config)
			config.AuthKey = key
		})
		publish := func() (StatusResponse, error) {
			_, status, err := pn.Publish().Channel(room).Message("hi").Execute()
			return status, err
		}
		status, err := publish()
		refused(403, room, status, err)

		res, status, err := granting.Grant().Channels([]string{room}).AuthKeys([]string{key}).Write(true).TTL(15).Execute()
		succeeded(status, err)
		same("level", res.Level, "user")
		same("ttl", res.TTL, 15)
		status, err = publish()
		succeeded(status, err)

		_, status, err = granting.Grant().Channels([]string{room}).AuthKeys([]string{key}).Execute()
		succeeded(status, err)
		status, err = publish()
		refused(403, room, status, err)
	}},
})

// signed makes two examples of each family: with the secret key, and with nothing.
func signed() (all []example) {
	for _, one := range families {
		family := one
		all = append(all, example{name: "access: " + family.name + " signed with the secret key", run: func() {
			pn, of := admin(), freshNames()
			for _, one := range family.calls {
				status, err := one.call(pn, of)
				succeeded(status, err)
			}
		}}, example{name: "access: " + family.name + " without anything", run: func() {
			pn, of := guest(), freshNames()
			for _, one := range family.calls {
				status, err := one.call(pn, of)
				family.refuses(one, of, status, err)
			}
		}})
	}
	return all
}

// isDenied holds when a subscriber is told that it is not let in.
func isDenied(listener *Listener) {
	next("access denied status", listener.Status, func(status *PNStatus) bool {
		return status.Category == PNAccessDeniedCategory
	})
}
