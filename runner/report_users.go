// Users in a report: where a trained user model puts them, and whether the groups of the data set are found again there.
package runner

import (
	"fmt"
	"math"
	"strconv"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/reports"
)

// userMaps draws the users of every policy that tells them apart: a table of how well groups are found again, and for each
// policy a map and the counts behind its number.
func (d *drawing) userMaps(block string, items []instance) ([]reports.Block, error) {
	found := &reports.Table{Name: block + ".groups", Title: "Groups found again in the user model", RowHead: "policy",
		Columns: []string{"users known", "users compared", "clusters by", "adjusted Rand index"},
		Notes: []string{"The adjusted Rand index (Hubert and Arabie 1985) compares each user's cluster with the user's group: 1 is the same partition, 0 what chance gives on average. n is the number of users with a group.",
			"Clusters by weight: a user belongs to the cluster with the largest weight. By k-means: on the users' offsets from user 0, with as many clusters as there are groups, the best of ten starts."}}
	var maps, counts []reports.Block
	for _, i := range items {
		n := d.stage.maps[i.item.(*dsl.Train)]
		if n == nil {
			continue
		}
		result, err := readResult(d.env.Path(n, resultFile))
		if err != nil {
			return nil, err
		}
		users, err := arrowio.Read[mappedUser](d.env.Path(n, mapFile))
		if err != nil {
			return nil, err
		}
		maps = append(maps, d.userMap(block, i, users, result))
		if e, ok := estimateOf(at(result, "rand_index")); ok && e.N > 0 {
			found.Rows = append(found.Rows, reports.Row{Name: i.name, Cells: []reports.Cell{countCell(result, nil, "known"), countCell(result, nil, "mapped"),
				reports.TextCell(clustersBy(i.item.(*dsl.Train))), numberCell(result, nil, 3, "rand_index")}})
			counts = append(counts, d.groupCounts(block, i, users[1:]))
		}
	}
	if len(found.Rows) > 0 {
		maps = append(maps, found)
	}
	return append(maps, counts...), nil
}

func clustersBy(t *dsl.Train) string {
	if t.UserModel.Kind == "cluster" {
		return "weight"
	}
	return "k-means"
}

// userMap draws users by group, and user 0.
func (d *drawing) userMap(block string, i instance, users []mappedUser, result map[string]dsl.Value) *reports.Plot {
	t := i.item.(*dsl.Train)
	p := &reports.Plot{Name: block + ".users." + i.name, Title: "Map of users, " + i.name, Kind: reports.Dots,
		XLabel: componentName("first", result, "shares", "1"), YLabel: componentName("second", result, "shares", "2")}
	group := func(name, shown string) {
		s := reports.Series{Name: shown}
		for _, u := range users[1:] {
			if u.Group == name {
				s.X, s.Y, s.Labels = append(s.X, u.X), append(s.Y, u.Y), append(s.Labels, d.mapLabel(u))
			}
		}
		if len(s.X) > 0 {
			p.Series = append(p.Series, s)
		}
	}
	for _, name := range d.groupsBySize(users[1:]) {
		group(name, name)
	}
	group("", map[bool]string{true: "users", false: "without a group"}[len(p.Series) == 0])
	p.Series = append(p.Series, reports.Series{Name: "user 0", X: []float64{users[0].X}, Y: []float64{users[0].Y}, Labels: []string{"0"}, Landmark: true})
	p.Notes = []string{"Principal components of what sets each user's part of the user model apart from user 0's; user 0 is put into the same plane."}
	if untrained(t) {
		p.Notes = append(p.Notes, "User 0 is untrained, so where it lies says nothing.")
	}
	if known, mapped := at(result, "known"), at(result, "mapped"); known != mapped {
		p.Notes = append(p.Notes, fmt.Sprintf("%v of %v users, drawn by seed.", mapped, known))
	}
	if len(t.Seeds) > 1 {
		p.Notes = append(p.Notes, fmt.Sprintf("Of seed %d, the first of %d: directions of different runs have nothing to do with each other.", t.Seeds[0], len(t.Seeds)))
	}
	return p
}

// componentName is the label of an axis with the share of the variance that lies along it.
func componentName(name string, result map[string]dsl.Value, path ...string) string {
	if e, ok := estimateOf(at(result, path...)); ok && !math.IsNaN(e.Mean) {
		return fmt.Sprintf("%s component (%.0f %%)", name, 100*e.Mean)
	}
	return name + " component"
}

// mapLabel is a user by number, or by id where the spec asks for that.
func (d *drawing) mapLabel(u mappedUser) string {
	if d.stage.spec.Users == "id" {
		return u.User
	}
	return strconv.Itoa(int(u.Index))
}

// groupsBySize lists the groups of the users as other tables do.
func (d *drawing) groupsBySize(users []mappedUser) []string {
	groups := groupsOf(users)
	d.bySize(groups)
	return groups
}

// groupCounts is how many users of each group are in each cluster.
func (d *drawing) groupCounts(block string, i instance, users []mappedUser) *reports.Table {
	t := &reports.Table{Name: block + ".groups." + i.name, Title: "Users by cluster and group, " + i.name, RowHead: "cluster", Columns: d.groupsBySize(users)}
	last := int32(0)
	counts := map[int32]map[string]int64{}
	for _, u := range users {
		if counts[u.Cluster] == nil {
			counts[u.Cluster] = map[string]int64{}
		}
		counts[u.Cluster][u.Group]++
		last = max(last, u.Cluster)
	}
	for c := int32(1); c <= last; c++ {
		row := reports.Row{Name: fmt.Sprint(c)}
		for _, g := range t.Columns {
			row.Cells = append(row.Cells, reports.CountCell(counts[c][g]))
		}
		t.Rows = append(t.Rows, row)
	}
	if seeds := i.item.(*dsl.Train).Seeds; len(seeds) > 1 {
		t.Notes = []string{fmt.Sprintf("Of seed %d, the first of %d.", seeds[0], len(seeds))}
	}
	return t
}

// userTable is a row per user and a column per instance: shares of every user, the paper's beside them.
func (d *drawing) userTable(block string, items []instance) *reports.Table {
	t := &reports.Table{Name: block + ".users", Title: "Every user", RowHead: "user"}
	for _, i := range items {
		t.Columns = append(t.Columns, i.name)
	}
	for _, id := range d.inOrder(names(values(items), "users")) {
		row := reports.Row{Name: d.userName(id)}
		for _, i := range items {
			row.Cells = append(row.Cells, d.userCell(i, id))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// userCell is a user's share. A paper's list has users 1, 2, ... by index, an object has them by id.
func (d *drawing) userCell(i instance, id string) reports.Cell {
	key := id
	paper := at(i.paper, "users")
	if _, list := paper.([]dsl.Value); list {
		key = strconv.Itoa(int(d.people[id].Index))
	}
	return beside(percentCell(i.value, nil, "users", id), paper, key)
}
