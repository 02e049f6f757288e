//go:build !v4

package main

// Tokens, which version 4 cannot revoke and reads in an older form: granted, parsed, used, run out and revoked.

import (
	"time"

	pubnub "github.com/pubnub/go/v7"
)

// grant gives a token for what is needed, granted by an admin.
func grant(minutes int, of names, needs ...need) string {
	channels, groups := map[string]pubnub.ChannelPermissions{}, map[string]pubnub.GroupPermissions{}
	users := map[string]pubnub.UUIDPermissions{}
	has := func(one need, permission string) bool { return one.permission == permission }
	for _, one := range needs {
		switch name := of.named(one); one.kind {
		case "channel":
			channels[name] = pubnub.ChannelPermissions{
				Read: has(one, "read"), Write: has(one, "write"), Delete: has(one, "delete"), Get: has(one, "get"),
				Manage: has(one, "manage"), Update: has(one, "update"), Join: has(one, "join"),
			}
		case "group":
			groups[name] = pubnub.GroupPermissions{Read: has(one, "read"), Manage: has(one, "manage")}
		case "user":
			users[name] = pubnub.UUIDPermissions{
				Get: has(one, "get"), Update: has(one, "update"), Delete: has(one, "delete"),
			}
		}
	}
	res, status, err := admin().GrantToken().TTL(minutes).Channels(channels).ChannelGroups(groups).UUIDs(users).Execute()
	succeeded(status, err)
	return res.Data.Token
}

func publish(pn *PubNub, room string) (StatusResponse, error) {
	_, status, err := pn.Publish().Channel(room).Message("hi").Execute()
	return status, err
}

func revoke(token string) (StatusResponse, error) {
	_, status, err := admin().RevokeToken().Token(token).Execute()
	return status, err
}

var tokens = concatenated(withTokens(), []example{
	{name: "grantToken, parseToken: every kind of name and pattern", run: func() {
		res, status, err := admin().GrantToken().TTL(15).AuthorizedUUID("ann").Meta(object{"tier": "gold"}).
			Channels(map[string]pubnub.ChannelPermissions{"room": {Read: true, Write: true}}).
			ChannelGroups(map[string]pubnub.GroupPermissions{"family": {Read: true, Manage: true}}).
			UUIDs(map[string]pubnub.UUIDPermissions{"ann": {Get: true, Update: true, Delete: true}}).
			ChannelsPattern(map[string]pubnub.ChannelPermissions{"^room-[0-9]+$": {Read: true, Join: true}}).
			ChannelGroupsPattern(map[string]pubnub.GroupPermissions{"^fam": {Read: true}}).
			UUIDsPattern(map[string]pubnub.UUIDPermissions{"^a": {Get: true}}).
			Execute()
		succeeded(status, err)
		token, err := pubnub.ParseToken(res.Data.Token)
		must(err)
		isRecent("time of the grant", time.Unix(token.Timestamp, 0))
		token.Timestamp = 0
		same("token", token, pubnub.PNToken{
			Version: 2, TTL: 15, AuthorizedUUID: "ann", Meta: object{"tier": "gold"},
			Resources: pubnub.PNTokenResources{
				Channels:      map[string]pubnub.ChannelPermissions{"room": {Read: true, Write: true}},
				ChannelGroups: map[string]pubnub.GroupPermissions{"family": {Read: true, Manage: true}},
				UUIDs:         map[string]pubnub.UUIDPermissions{"ann": {Get: true, Update: true, Delete: true}},
			},
			Patterns: pubnub.PNTokenResources{
				Channels:      map[string]pubnub.ChannelPermissions{"^room-[0-9]+$": {Read: true, Join: true}},
				ChannelGroups: map[string]pubnub.GroupPermissions{"^fam": {Read: true}},
				UUIDs:         map[string]pubnub.UUIDPermissions{"^a": {Get: true}},
			},
		})
	}},
	{name: "grantToken: refusals", run: func() {
		room := map[string]pubnub.ChannelPermissions{"room": {Read: true}}
		_, status, err := admin().GrantToken().TTL(43201).Channels(room).Execute()
		refused(400, "Invalid ttl", status, err)
		_, status, err = admin().GrantToken().TTL(15).
			ChannelsPattern(map[string]pubnub.ChannelPermissions{"(room)": {Read: true}}).Execute()
		refused(400, "Invalid RegExp", status, err)
		status, err = revoke("nonsense")
		refused(400, "Invalid token", status, err)
		stranger := adminKeySet
		stranger.secret = "another secret"
		_, status, err = clientOf(fresh("admin"), of(stranger)).GrantToken().TTL(15).Channels(room).Execute()
		refused(403, "Invalid signature", status, err)
	}},
	{name: "revokeToken: the next call is refused", run: func() {
		of, pn := freshNames(), guest()
		token := grant(15, of, onRoom("write"))
		pn.SetToken(token)
		status, err := publish(pn, of.room)
		succeeded(status, err)
		status, err = revoke(token)
		succeeded(status, err)
		status, err = publish(pn, of.room)
		refused(403, "Token is revoked", status, err)
	}},
	{name: "revokeToken: a subscriber is told", run: func() {
		of, pn := freshNames(), guest()
		token := grant(15, of, onRoom("read"))
		pn.SetToken(token)
		listener := listen(pn)
		pn.Subscribe().Channels([]string{of.room}).Execute()
		connected(listener)
		status, err := revoke(token)
		succeeded(status, err)
		isDenied(listener)
	}},
	{name: "a token runs out: a subscriber is told, and the next call is refused", begin: func() func() {
		of, pn, over := freshNames(), guest(), time.After(61*time.Second)
		token := grant(1, of, onRoom("read"))
		pn.SetToken(token)
		listener := listen(pn)
		pn.Subscribe().Channels([]string{of.room}).Execute()
		connected(listener)
		return func() {
			<-over
			isDenied(listener)
			status, err := publish(pn, of.room)
			refused(403, "Token is expired", status, err)
			status, err = revoke(token)
			refused(400, "Invalid token", status, err)
		}
	}},
})

// withTokens makes an example of each family: with a token for exactly what a call needs, and with one for something else.
func withTokens() (all []example) {
	for _, one := range families {
		family := one
		all = append(all, example{name: "access: " + family.name + " with exactly the permission that it needs", run: func() {
			pn, of := guest(), freshNames()
			pn.SetToken(grant(15, freshNames(), onRoom("read"), onFamily("manage"), onAnn("get")))
			for _, one := range family.calls {
				status, err := one.call(pn, of)
				family.refuses(one, of, status, err)
			}
			for _, one := range family.calls {
				pn.SetToken(grant(15, of, one.needs...))
				status, err := one.call(pn, of)
				succeeded(status, err)
			}
		}})
	}
	return all
}
