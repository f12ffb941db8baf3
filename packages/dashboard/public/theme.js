// Before the first paint, so that a stored theme does not flash. A file, so that a strict CSP holds.
(function () {
  try {
    const stored = localStorage.getItem("spillway.theme");
    if (stored === "light" || stored === "dark") document.documentElement.dataset.theme = stored;
  } catch {
    // Storage may be forbidden; the system's preference is used then.
  }
})();
