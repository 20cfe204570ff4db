package formats

// What a format knows of its users beside their comparisons.

// Person is a user of the data as the data describes them.
type Person struct {
	ID         string
	Text       string         // f_ex of design.md: what a policy with user text reads; "" where the format has none
	Attributes map[string]any // name -> string or []string; what row expressions and judges may ask
}

// People lists the users whom the format describes, in the data's order. Formats whose users are only ids have none.
func People(format, source string) ([]Person, error) {
	switch format {
	case "psoups":
		return psoupsPeople(), nil
	case "prism":
		return prismPeople(source)
	}
	return nil, nil
}

func psoupsPeople() []Person {
	var all []Person
	for _, p := range Profiles {
		all = append(all, Person{ID: p.User(), Attributes: map[string]any{"profile": p.Name, "dimension": p.Dimension, "preference": p.Preference}})
	}
	return all
}
