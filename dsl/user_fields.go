package dsl

// What expressions on rows may ask of a user: id, text and group in every format, and what the format's data has beside.

import (
	"maps"
	"slices"

	"github.com/zclconf/go-cty/cty"
)

// userFields are those of every format.
var userFields = []string{"id", "text", "group"}

// formatFields are those of one format, in the order in which people read them.
var formatFields = map[string][]string{
	"psoups": {"profile", "dimension", "preference"},
	// The survey of PRISM, fields of an object under both names, as its codebook calls them.
	"prism": {
		"stated_preferences", "demographics", "self_description", "system_string", "age", "gender", "employment_status",
		"education", "marital_status", "english_proficiency", "religion_self_described", "religion_categorised",
		"religion_simplified", "ethnicity_self_described", "ethnicity_categorised", "ethnicity_simplified",
		"location_birth_country", "location_birth_countryISO", "location_birth_region", "location_birth_subregion",
		"location_reside_country", "location_reside_countryISO", "location_reside_region", "location_reside_subregion",
		"location_same_birth_reside_country", "location_special_region", "stated_prefs_values",
		"stated_prefs_creativity", "stated_prefs_fluency", "stated_prefs_factuality", "stated_prefs_diversity",
		"stated_prefs_safety", "stated_prefs_personalisation", "stated_prefs_helpfulness", "stated_prefs_other",
		"stated_prefs_other_text", "lm_familiarity", "lm_indirect_use", "lm_direct_use", "lm_frequency_use",
		"lm_usecases_homework_assistance", "lm_usecases_research", "lm_usecases_source_suggestions",
		"lm_usecases_professional_work", "lm_usecases_creative_writing", "lm_usecases_casual_conversation",
		"lm_usecases_personal_recommendations", "lm_usecases_daily_productivity",
		"lm_usecases_technical_or_programming_help", "lm_usecases_travel_guidance", "lm_usecases_lifestyle_and_hobbies",
		"lm_usecases_well-being_guidance", "lm_usecases_medical_guidance", "lm_usecases_financial_guidance",
		"lm_usecases_games", "lm_usecases_historical_or_news_insight", "lm_usecases_relationship_advice",
		"lm_usecases_language_learning", "lm_usecases_other", "lm_usecases_other_text", "order_stated_prefs_values",
		"order_stated_prefs_creativity", "order_stated_prefs_fluency", "order_stated_prefs_factuality",
		"order_stated_prefs_diversity", "order_stated_prefs_safety", "order_stated_prefs_personalisation",
		"order_stated_prefs_helpfulness", "order_stated_prefs_other", "order_lm_usecases_homework_assistance",
		"order_lm_usecases_research", "order_lm_usecases_source_suggestions", "order_lm_usecases_professional_work",
		"order_lm_usecases_creative_writing", "order_lm_usecases_casual_conversation",
		"order_lm_usecases_personal_recommendations", "order_lm_usecases_daily_productivity",
		"order_lm_usecases_technical_or_programming_help", "order_lm_usecases_travel_guidance",
		"order_lm_usecases_lifestyle_and_hobbies", "order_lm_usecases_well-being_guidance",
		"order_lm_usecases_medical_guidance", "order_lm_usecases_financial_guidance", "order_lm_usecases_games",
		"order_lm_usecases_historical_or_news_insight", "order_lm_usecases_relationship_advice",
		"order_lm_usecases_language_learning", "order_lm_usecases_other", "user_id", "survey_only",
		"num_completed_conversations", "consent", "consent_age", "study_id", "study_locale", "generated_datetime",
		"timing_duration_s", "timing_duration_mins", "included_in_US_REP", "included_in_UK_REP",
		"included_in_balanced_subset",
	},
}

// Choices is what model.prompt knows of a user beside: their training comparisons, each with prompt, chosen and rejected.
const Choices = "choices"

var choicesType = cty.List(cty.Object(map[string]cty.Type{"prompt": cty.String, "chosen": cty.String, "rejected": cty.String}))

// FormatFields lists the names that a format's users have beside id, text and group.
func FormatFields(format string) []string { return slices.Clone(formatFields[format]) }

// AllUserFields lists the names that users have in any format.
func AllUserFields() []string { return userNames(slices.Sorted(maps.Keys(formatFields))) }

// userNames are the fields of a user who may be of any of the formats.
func userNames(formats []string) []string {
	names := slices.Clone(userFields)
	for _, format := range formats {
		for _, name := range formatFields[format] {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// userTypes are the types of these fields: text, and one list of it.
func userTypes(formats []string) map[string]cty.Type {
	types := map[string]cty.Type{}
	for _, name := range userNames(formats) {
		types[name] = cty.String
	}
	if _, ok := types["stated_preferences"]; ok {
		types["stated_preferences"] = cty.List(cty.String)
	}
	return types
}

// formats lists the formats of the spec's data sets, whose users a policy may be asked for; ok is false where one of them
// is not known without evaluating it.
func (ev *evaluator) formats() (all []string, ok bool) {
	all, ok = []string{}, true
	met := map[string]bool{}
	for _, d := range ev.order {
		if attr := d.block.Body.Attributes["format"]; d.typ == "dataset" && attr != nil {
			text, literal := literalText(attr.Expr)
			met[text], ok = true, ok && literal
		}
	}
	all = slices.AppendSeq(all, maps.Keys(met))
	slices.Sort(all)
	return all, ok
}
