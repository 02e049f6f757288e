package main

import "fmt"

// Memberships and members: the examples of the App Context document, as this SDK spells them.

// entry is one end of a membership that is set or removed.
type entry struct {
	id     string
	custom object
}

// side is a list of memberships: those of a user, or those of a channel, which are its members.
type side struct {
	name         string
	owner, other *kind
	key, ownKey  string
	get          func(pn *PubNub, owner string, of asked) (page, StatusResponse, error)
	set          func(pn *PubNub, owner string, of asked, set ...entry) (page, StatusResponse, error)
	remove       func(pn *PubNub, owner string, of asked, remove ...entry) (page, StatusResponse, error)
	manage       func(pn *PubNub, owner string, of asked, set, remove []entry) (page, StatusResponse, error)
}

var memberships, members side

func init() {
	memberships = side{
		name: "memberships", owner: &users, other: &channels, key: "channel", ownKey: "uuid",
		get: func(pn *PubNub, owner string, of asked) (page, StatusResponse, error) {
			call := pn.GetMemberships().UUID(owner).Include(ofMemberships(of)).Limit(of.most()).Start(of.start).End(of.end).
				Filter(of.filter).Count(of.count)
			if of.sort != nil {
				call.Sort(of.sort)
			}
			res, status, err := call.Execute()
			if err != nil {
				return page{}, status, err
			}
			return page{asObjects(res.Data), res.TotalCount, res.Next, res.Prev}, status, nil
		},
		set: func(pn *PubNub, owner string, of asked, set ...entry) (page, StatusResponse, error) {
			call := pn.SetMemberships().UUID(owner).Include(ofMemberships(of)).Limit(of.most()).Filter(of.filter).
				Count(of.count).Set(membershipsSet(set))
			if of.sort != nil {
				call.Sort(of.sort)
			}
			res, status, err := call.Execute()
			if err != nil {
				return page{}, status, err
			}
			return page{asObjects(res.Data), res.TotalCount, res.Next, res.Prev}, status, nil
		},
		remove: func(pn *PubNub, owner string, of asked, remove ...entry) (page, StatusResponse, error) {
			call := pn.RemoveMemberships().UUID(owner).Include(ofMemberships(of)).Count(of.count)
			res, status, err := call.Remove(membershipsRemove(remove)).Execute()
			if err != nil {
				return page{}, status, err
			}
			return page{asObjects(res.Data), res.TotalCount, res.Next, res.Prev}, status, nil
		},
		manage: func(pn *PubNub, owner string, of asked, set, remove []entry) (page, StatusResponse, error) {
			call := pn.ManageMemberships().UUID(owner).Include(ofMemberships(of)).Limit(of.most()).Filter(of.filter).
				Count(of.count).Set(membershipsSet(set)).Remove(membershipsRemove(remove))
			if of.sort != nil {
				call.Sort(of.sort)
			}
			res, status, err := call.Execute()
			if err != nil {
				return page{}, status, err
			}
			return page{asObjects(res.Data), res.TotalCount, res.Next, res.Prev}, status, nil
		},
	}
	members = side{
		name: "channel members", owner: &channels, other: &users, key: "uuid", ownKey: "channel",
		get: func(pn *PubNub, owner string, of asked) (page, StatusResponse, error) {
			call := pn.GetChannelMembers().Channel(owner).Include(ofMembers(of)).Limit(of.most()).Start(of.start).End(of.end).
				Filter(of.filter).Count(of.count)
			if of.sort != nil {
				call.Sort(of.sort)
			}
			res, status, err := call.Execute()
			if err != nil {
				return page{}, status, err
			}
			return page{asObjects(res.Data), res.TotalCount, res.Next, res.Prev}, status, nil
		},
		set: func(pn *PubNub, owner string, of asked, set ...entry) (page, StatusResponse, error) {
			call := pn.SetChannelMembers().Channel(owner).Include(ofMembers(of)).Limit(of.most()).Filter(of.filter).
				Count(of.count).Set(membersSet(set))
			if of.sort != nil {
				call.Sort(of.sort)
			}
			res, status, err := call.Execute()
			if err != nil {
				return page{}, status, err
			}
			return page{asObjects(res.Data), res.TotalCount, res.Next, res.Prev}, status, nil
		},
		remove: func(pn *PubNub, owner string, of asked, remove ...entry) (page, StatusResponse, error) {
			call := pn.RemoveChannelMembers().Channel(owner).Include(ofMembers(of)).Count(of.count)
			res, status, err := call.Remove(membersRemove(remove)).Execute()
			if err != nil {
				return page{}, status, err
			}
			return page{asObjects(res.Data), res.TotalCount, res.Next, res.Prev}, status, nil
		},
		manage: func(pn *PubNub, owner string, of asked, set, remove []entry) (page, StatusResponse, error) {
			call := pn.ManageChannelMembers().Channel(owner).Include(ofMembers(of)).Limit(of.most()).Filter(of.filter).
				Count(of.count).Set(membersSet(set)).Remove(membersRemove(remove))
			if of.sort != nil {
				call.Sort(of.sort)
			}
			res, status, err := call.Execute()
			if err != nil {
				return page{}, status, err
			}
			return page{asObjects(res.Data), res.TotalCount, res.Next, res.Prev}, status, nil
		},
	}
}

func (of asked) most() int {
	if of.limit == 0 {
		return 100
	}
	return of.limit
}

func ofMemberships(of asked) (include []PNMembershipsInclude) {
	if of.custom {
		include = append(include, PNMembershipsIncludeCustom)
	}
	if of.joined {
		include = append(include, PNMembershipsIncludeChannel, PNMembershipsIncludeChannelCustom)
	}
	return include
}

func ofMembers(of asked) (include []PNChannelMembersInclude) {
	if of.custom {
		include = append(include, PNChannelMembersIncludeCustom)
	}
	if of.joined {
		include = append(include, PNChannelMembersIncludeUUID, PNChannelMembersIncludeUUIDCustom)
	}
	return include
}

func membershipsSet(entries []entry) (all []PNMembershipsSet) {
	for _, one := range entries {
		all = append(all, PNMembershipsSet{Channel: PNMembershipsChannel{ID: one.id}, Custom: one.custom})
	}
	return all
}

func membershipsRemove(entries []entry) (all []PNMembershipsRemove) {
	for _, one := range entries {
		all = append(all, PNMembershipsRemove{Channel: PNMembershipsChannel{ID: one.id}})
	}
	return all
}

func membersSet(entries []entry) (all []PNChannelMembersSet) {
	for _, one := range entries {
		all = append(all, PNChannelMembersSet{UUID: PNChannelMembersUUID{ID: one.id}, Custom: one.custom})
	}
	return all
}

func membersRemove(entries []entry) (all []PNChannelMembersRemove) {
	for _, one := range entries {
		all = append(all, PNChannelMembersRemove{UUID: PNChannelMembersUUID{ID: one.id}})
	}
	return all
}

func ofEachSide(name string, run func(side side)) []example {
	return []example{
		{name: fmt.Sprintf(name, "memberships"), run: func() { run(memberships) }},
		{name: fmt.Sprintf(name, "channel members"), run: func() { run(members) }},
	}
}

// membership is one as this SDK gives it, with what it joins.
func (s side) membership(id string, joined, custom object) object {
	return object{s.key: s.other.record(id, joined), "custom": custom}
}

func (s side) idsOf(records []object) []string {
	ids := []string{}
	for _, record := range records {
		ids = append(ids, text(record[s.key].(object), "id"))
	}
	return ids
}

// answered is the page of a call that succeeded.
func answered(found page, status StatusResponse, err error) page {
	succeeded(status, err)
	return found
}

var withAll = asked{custom: true, joined: true}

var membershipCalls []example

func init() {
	membershipCalls = concatenated(
		ofEachSide("objects: set, get, manage and remove %s", func(side side) {
			pn, owner := client(fresh("admin")), fresh("owner")
			some, full := fresh("a_some"), fresh("b_some_with_custom")
			custom := object{"key3": "val1", "key4": "val2"}
			side.other.set(pn, some, object{"name": "some name"})
			side.other.set(pn, full, object{"name": "some name with custom", "custom": custom})
			first := object{"name": "some name"}
			second := object{"name": "some name with custom", "custom": custom}

			set := answered(side.set(pn, owner, withAll, entry{some, nil}, entry{full, object{"role": "host"}}))
			same("set", allPlain(set.data), []object{
				side.membership(some, first, nil), side.membership(full, second, object{"role": "host"}),
			})
			got := answered(side.get(pn, owner, withAll))
			same("got", got.data, set.data)
			managed := answered(side.manage(pn, owner, withAll, []entry{{some, object{"role": "guest"}}}, []entry{{full, nil}}))
			same("managed", allPlain(managed.data), []object{side.membership(some, first, object{"role": "guest"})})
			removed := answered(side.remove(pn, owner, withAll, entry{some, nil}))
			same("removed", removed.data, []object{})
			same("removed again", answered(side.remove(pn, owner, withAll, entry{some, nil})).data, []object{})
		}),
		ofEachSide("objects: get %s, asked for nothing", func(side side) {
			pn, owner, other := client(fresh("asker")), fresh("owner"), fresh("other")
			same("none yet", answered(side.get(pn, owner, asked{})).data, []object{})
			side.other.set(pn, other, object{"name": "Other"})
			answered(side.set(pn, owner, asked{}, entry{other, object{"role": "host"}}))
			same("one", allPlain(answered(side.get(pn, owner, asked{})).data), []object{side.membership(other, nil, nil)})
		}),
		ofEachSide("objects: get %s, of what has no metadata", func(side side) {
			pn, owner, other := client(fresh("asker")), fresh("owner"), fresh("other")
			answered(side.set(pn, owner, asked{}, entry{other, nil}))
			same("joined", answered(side.get(pn, owner, withAll)).data[0][side.key], side.unknown(other))
		}),
		ofEachSide("objects: set %s, the same again, custom replaced whole", func(side side) {
			pn, owner, other := client(fresh("admin")), fresh("owner"), fresh("other")
			setTo := func(custom object) object {
				return answered(side.set(pn, owner, asked{custom: true}, entry{other, custom})).data[0]
			}

			first := setTo(object{"a": 1, "b": "x"})
			same("set again", setTo(object{"b": "x", "a": 1}), first)
			changed := setTo(object{"c": false})
			same("changed", changed["custom"], object{"c": false})
			if changed["eTag"] == first["eTag"] || text(changed, "updated") <= text(first, "updated") {
				fail("a change should give a new eTag and a later time: %s, then %s", asJSON(first), asJSON(changed))
			}
			// This SDK sends null for a custom that is left out, which clears it.
			same("cleared", setTo(nil)["custom"], nil)
		}),
		ofEachSide("objects: get %s, seen from the other side, outlives the metadata", func(side side) {
			pn, owner, other := client(fresh("admin")), fresh("owner"), fresh("other")
			opposite := memberships
			if side.name == memberships.name {
				opposite = members
			}
			side.owner.set(pn, owner, object{"name": "Owner", "custom": object{"a": 1}})
			answered(side.set(pn, owner, asked{}, entry{other, object{"role": "host"}}))

			there := allPlain(answered(opposite.get(pn, other, withAll)).data)
			same("with metadata", there, []object{
				opposite.membership(owner, object{"name": "Owner", "custom": object{"a": 1}}, object{"role": "host"}),
			})
			side.owner.remove(pn, owner)
			found := answered(opposite.get(pn, other, withAll))
			same("without", found.data[0][opposite.key], opposite.unknown(owner))
		}),
		ofEachSide("objects: get %s, filter, sort and count", func(side side) {
			pn, owner, prefix := client(fresh("asker")), fresh("owner"), fresh("m")
			ann, bob, cho := prefix+"-ann", prefix+"-bob", prefix+"-cho"
			side.other.set(pn, ann, object{"name": "Zoe"})
			side.other.set(pn, bob, object{"name": "Yan"})
			for _, one := range []entry{{cho, object{"role": "host"}}, {ann, object{"role": "guest"}}, {bob, object{"role": "guest"}}} {
				answered(side.set(pn, owner, asked{}, one))
			}
			found := func(what, filter, sort string, expected ...string) {
				of := asked{filter: filter, count: true}
				if sort != "" {
					of.sort = []string{sort}
				}
				found := answered(side.get(pn, owner, of))
				same(what, side.idsOf(found.data), append([]string{}, expected...))
				same(what+": total", found.total, len(expected))
			}

			found("all", "", "", ann, bob, cho)
			found("by name", side.key+".name == 'Zoe'", "", ann)
			found("by id", "!("+side.key+".id LIKE '*-ann') && "+side.key+".id LIKE '"+prefix+"*'", "", bob, cho)
			found("by custom", "custom.role == 'guest'", "", ann, bob)
			found("by time", "updated < '2020-01-01T00:00:00Z'", "")
			found("sorted by id", "", side.key+".id:desc", cho, bob, ann)
			found("sorted by name", "", side.key+".name:asc", bob, ann, cho)
			found("sorted by time", "", "updated:asc", cho, ann, bob)
			_, status, err := side.get(pn, owner, asked{filter: "nothing == 'x'"})
			refused(400, invalidInput, status, err)
		}),
		ofEachSide("objects: get %s, pages", func(side side) {
			pn, owner, ids := client(fresh("asker")), fresh("owner"), freshOnes("1", "2", "3", "4", "5")
			for _, id := range ids {
				answered(side.set(pn, owner, asked{}, entry{id, nil}))
			}
			inPages(ids, func(of asked) page { return answered(side.get(pn, owner, of)) }, side.idsOf)
		}),
		ofEachSide("objects: manage %s, a page of the list as answer", func(side side) {
			pn, owner, ids := client(fresh("admin")), fresh("owner"), freshOnes("1", "2", "3", "4", "5")
			entries := []entry{}
			for _, id := range ids {
				entries = append(entries, entry{id, nil})
			}
			answered(side.set(pn, owner, asked{}, entries[:3]...))

			of := asked{filter: side.key + ".id != '" + ids[1] + "'", sort: []string{side.key + ".id:desc"}, limit: 2, count: true}
			found := answered(side.manage(pn, owner, of, entries[3:], entries[:1]))

			same("total", found.total, 3)
			same("page", side.idsOf(found.data), []string{ids[4], ids[3]})
			same("whole list", side.idsOf(answered(side.get(pn, owner, asked{})).data), ids[1:])
		}),
	)
}

// unknown is what a membership joins that has no metadata: this SDK shows all of it as unset.
func (s side) unknown(id string) object { return s.other.record(id, object{"updated": "", "eTag": ""}) }
