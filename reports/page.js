// Filters verdicts by user and outcome. Without it all of them are shown.
for (const block of document.querySelectorAll(".verdicts")) {
  const form = block.querySelector("form"), count = form.querySelector("output");
  const verdicts = [...block.querySelectorAll(".verdict")];
  const filter = () => {
    for (const v of verdicts) {
      v.hidden = ["user", "outcome"].some(by => form.elements[by].value && form.elements[by].value !== v.dataset[by]);
    }
    count.textContent = `${verdicts.filter(v => !v.hidden).length} of ${verdicts.length}`;
  };
  form.addEventListener("change", filter);
  form.hidden = false;
  filter();
}
