package formats

// Rows of made-up PRISM files, with the fields of the published ones.

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// surveyRow is a line of survey.jsonl; the order of its fields is that of the file.
type surveyRow struct {
	User          string            `json:"user_id"`
	SurveyOnly    bool              `json:"survey_only"`
	Conversations int               `json:"num_completed_conversations"`
	Consent       string            `json:"consent"`
	ConsentAge    string            `json:"consent_age"`
	Familiarity   string            `json:"lm_familiarity"`
	IndirectUse   string            `json:"lm_indirect_use"`
	DirectUse     string            `json:"lm_direct_use"`
	FrequencyUse  *string           `json:"lm_frequency_use"` // null: not asked
	Description   string            `json:"self_description"`
	System        string            `json:"system_string"`
	Age           string            `json:"age"`
	Gender        string            `json:"gender"`
	Employment    string            `json:"employment_status"`
	Education     string            `json:"education"`
	Marital       string            `json:"marital_status"`
	English       string            `json:"english_proficiency"`
	Study         string            `json:"study_id"`
	Locale        string            `json:"study_locale"`
	Religion      map[string]string `json:"religion"`
	Ethnicity     map[string]string `json:"ethnicity"`
	Location      map[string]string `json:"location"`
	UseCases      inOrder           `json:"lm_usecases"`
	Stated        inOrder           `json:"stated_prefs"`
	UseCasesShown inOrder           `json:"order_lm_usecases"`
	StatedShown   inOrder           `json:"order_stated_prefs"`
	Date          string            `json:"generated_datetime"`
	Seconds       float64           `json:"timing_duration_s"`
	Minutes       float64           `json:"timing_duration_mins"`
	US            bool              `json:"included_in_US_REP"`
	UK            bool              `json:"included_in_UK_REP"`
	Balanced      bool              `json:"included_in_balanced_subset"`
}

// conversationRow is a line of conversations.jsonl.
type conversationRow struct {
	ID          string         `json:"conversation_id"`
	User        string         `json:"user_id"`
	Balanced    bool           `json:"included_in_balanced_subset"`
	Date        string         `json:"generated_datetime"`
	Seconds     float64        `json:"timing_duration_s"`
	Minutes     float64        `json:"timing_duration_mins"`
	Type        string         `json:"conversation_type"`
	Opening     string         `json:"opening_prompt"`
	Turns       int            `json:"conversation_turns"`
	History     []utterance    `json:"conversation_history"`
	Performance map[string]int `json:"performance_attributes"`
	Choice      map[string]int `json:"choice_attributes"`
	Feedback    string         `json:"open_feedback"`
}

// utterance is what somebody says; models' have a score, and whether they were chosen.
type utterance struct {
	Turn     int    `json:"turn"`
	Role     string `json:"role"`
	Content  string `json:"content"`
	Provider string `json:"model_provider,omitempty"`
	Model    string `json:"model_name,omitempty"`
	Score    *int   `json:"score,omitempty"`
	Chosen   *bool  `json:"if_chosen,omitempty"`
	Within   *int   `json:"within_turn_id,omitempty"`
}

// inOrder is an object whose keys are written in this order.
type inOrder []struct {
	key   string
	value any
}

func (o *inOrder) add(key string, value any) {
	*o = append(*o, struct {
		key   string
		value any
	}{key, value})
}

// MarshalJSON implements json.Marshaler.
func (o inOrder) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	for i, field := range o {
		key, err := json.Marshal(field.key)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(field.value)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%s%s: %s", map[bool]string{true: "", false: ", "}[i == 0], key, value)
	}
	return append(append([]byte{'{'}, b.Bytes()...), '}'), nil
}

var useCases = []string{"homework_assistance", "research", "source_suggestions", "professional_work", "creative_writing", "casual_conversation",
	"personal_recommendations", "daily_productivity", "technical_or_programming_help", "travel_guidance", "lifestyle_and_hobbies",
	"well-being_guidance", "medical_guidance", "financial_guidance", "games", "historical_or_news_insight", "relationship_advice",
	"language_learning"}

// surveyRow is what the user says of themselves.
func (u prismUser) surveyRow(conversations int, random *rand.Rand) surveyRow {
	often := pick(random, []string{"Every day", "Every week", "Once per month"})
	country := pick(random, [][3]string{{"Peru", "PER", "Americas"}, {"Kenya", "KEN", "Africa"}, {"Japan", "JPN", "Asia"}, {"Norway", "NOR", "Europe"}})
	row := surveyRow{
		User: u.id, SurveyOnly: conversations == 0, Conversations: conversations, Consent: "Yes, I consent to take part",
		ConsentAge: "I certify that I am 18 years of age or over", Familiarity: "Somewhat familiar", IndirectUse: "Yes", DirectUse: "Yes", FrequencyUse: &often,
		Description: "I care about " + strings.Join(u.preferences, ", ") + ".", System: u.system,
		Age:        pick(random, []string{"18-24 years old", "25-34 years old", "55-64 years old"}),
		Gender:     pick(random, []string{"Female", "Male", "Non-binary / third gender"}),
		Employment: pick(random, []string{"Working full-time", "Student", "Retired"}),
		Education:  pick(random, []string{"Vocational", "University Bachelors Degree", "Completed Secondary School"}),
		Marital:    pick(random, []string{"Never been married", "Married", "Divorced / Separated"}),
		English:    pick(random, []string{"Native speaker", "Fluent", "Advanced"}),
		Study:      "made_up", Locale: "all", Religion: answerOf("Prefer not to say"), Ethnicity: answerOf("Prefer not to say"),
		Location: map[string]string{"birth_country": country[0], "birth_countryISO": country[1], "birth_region": country[2], "birth_subregion": country[2],
			"reside_country": country[0], "reside_countryISO": country[1], "reside_region": country[2], "reside_subregion": country[2],
			"same_birth_reside_country": "Yes", "special_region": country[2]},
		Date: "2023-11-30 12:00:00", Seconds: 600, Minutes: 10, Balanced: true,
	}
	u.answerSliders(&row, random)
	for i, k := range random.Perm(len(useCases)) {
		row.UseCases.add(useCases[i], random.IntN(2) == 1)
		row.UseCasesShown.add(useCases[i], k+1)
	}
	row.UseCases.add("other", false)
	row.UseCases.add("other_text", nil)
	row.UseCasesShown.add("other", len(useCases)+1)
	return row
}

// answerSliders gives the three aspects that the user likes the numbers 1 to 3 and high values.
func (u prismUser) answerSliders(row *surveyRow, random *rand.Rand) {
	first, rest := random.Perm(3), random.Perm(len(aspects)-3)
	for _, a := range aspects {
		if slices.Contains(u.preferences, a.name) {
			row.Stated.add(a.name, 80+random.IntN(21))
			row.StatedShown.add(a.name, 1+first[0])
			first = first[1:]
			continue
		}
		row.Stated.add(a.name, 10+random.IntN(60))
		row.StatedShown.add(a.name, 4+rest[0])
		rest = rest[1:]
	}
	row.Stated.add("other", nil)
	row.Stated.add("other_text", nil)
	row.StatedShown.add("other", len(aspects)+1)
}

func answerOf(text string) map[string]string {
	return map[string]string{"self_described": strings.ToLower(text), "categorised": text, "simplified": text}
}
