// Names of users outside of reports: in claims as apply prints and logs them, in show and in inspect. As in reports they are
// indices unless the spec asks for ids, which may say who somebody is.
package runner

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/arrowio/formats"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/runner/store"
)

// showsIDs tells whether a report of the spec asks for ids.
func showsIDs(spec *dsl.Spec) bool {
	return slices.ContainsFunc(spec.Reports, func(r *dsl.Report) bool { return r.Users == "id" })
}

// showsTexts tells whether a report of the spec asks for what users say about themselves.
func showsTexts(spec *dsl.Spec) bool {
	return slices.ContainsFunc(spec.Reports, func(r *dsl.Report) bool { return r.UserTexts })
}

// namesOfUsers names the users of the data sets that e can reach; nil where the spec asks for ids.
func namesOfUsers(plan *Plan, e *Env) (func(id string) string, error) {
	if showsIDs(plan.Spec) {
		return nil, nil
	}
	d := &drawing{stage: &reportStage{spec: &dsl.Report{Users: "index"}}, people: map[string]arrowio.User{}}
	for _, n := range plan.Nodes {
		if n.Kind != kindSplit || e.inputs[n] == nil {
			continue
		}
		users, err := arrowio.Read[arrowio.User](e.Path(n, usersFile))
		if err != nil {
			return nil, err
		}
		d.meet(users)
	}
	return d.claimNaming(), nil
}

// namesInStore names the users of the data sets whose splits are in the store; nil where the spec asks for ids.
func namesInStore(plan *Plan, st *store.Store) (func(id string) string, error) {
	e := &Env{inputs: map[*Node]*store.Artifact{}}
	for _, n := range plan.Nodes {
		if a, ok := st.Get(n.Fingerprint); ok && n.Kind == kindSplit {
			e.inputs[n] = a
		}
	}
	return namesOfUsers(plan, e)
}

// renamed is the value at a path of a result with other names for users; no naming: as it is.
func renamed(v dsl.Value, naming func(id string) string, path []string) dsl.Value {
	tree, ok := v.(map[string]dsl.Value)
	if !ok || naming == nil {
		return v
	}
	ofUsers := len(path) > 0 && path[len(path)-1] == "users"
	out := map[string]dsl.Value{}
	for name, inner := range tree {
		shown := name
		if _, e := inner.(dsl.Estimate); e && ofUsers {
			shown = naming(name)
		}
		out[shown] = renamed(inner, naming, append(path[:len(path):len(path)], name))
	}
	return out
}

// claimNaming is how claims name users; nil: by id.
func (d *drawing) claimNaming() func(id string) string {
	if d.stage.spec.Users == "id" {
		return nil
	}
	return func(id string) string {
		if _, met := d.people[id]; !met { // whom the spec has invented
			return strconv.Quote(id)
		}
		return d.plainName(id)
	}
}

// whereIDsAre says which field of its files has a data set's ids, for who looks for one.
func whereIDsAre(d *dsl.Dataset) string {
	switch d.Format {
	case "psoups":
		return fmt.Sprintf("ids are those of its profiles, 1 to %d", len(formats.Profiles))
	case "tldr":
		return "ids are the field worker of its files"
	case "prism":
		return "ids are the field user_id of its survey"
	}
	name := d.Columns["user"]
	if name == "" {
		name = "user"
	}
	return fmt.Sprintf("ids are the column %s of its files", name)
}
