# Reads ctest's JUnit file; prints one line a program that failed or was skipped, every skipped case by name, and
# "count PASSED FAILED SKIPPED LABEL". Cases inside programs are counted: cmocka's, and "ok - ", "not ok - ", "skip - " lines of
# scripts; a line that says ": 7 shapes" or ": 48 cases" counts for as many. A program that fails without naming a case counts as one
# failure. Skipped cases of device cuda are also told as one number.
function cases(line) {
    return match(line, /: [0-9]+ (cases|shapes)/) ? substr(line, RSTART + 2) + 0 : 1
}
function finish() {
    if (status == "fail" && !f) { f = 1; print "failed: " name }
    else if (f) print "failed: " name " (" f " cases)"
    if (status == "notrun" || status == "disabled") { p = 0; f = 0; if (!s) { s = 1; print "skipped: " name (reason ? ": " reason : "") } }
    if (status == "run" && !p && !f && !s) p = 1
    P += p; F += f; S += s
}
/<testcase name="/ {
    name = $0; sub(/.*<testcase name="/, "", name); sub(/".*/, "", name)
    status = $0; sub(/.* status="/, "", status); sub(/".*/, "", status)
    p = f = s = 0; reason = ""
}
/\[  PASSED  \] [0-9]+ test/ { t = $0; sub(/.*\[  PASSED  \] /, "", t); p += t + 0 }
/\[  FAILED  \] +[0-9]+ test\(s\), listed/ { t = $0; sub(/.*\[  FAILED  \] +/, "", t); f += t + 0 }
/\[  SKIPPED \] [A-Za-z_]/ && !/test\(s\)/ { t = $0; sub(/.*\[  SKIPPED \] /, "", t); sub(/&.*/, "", t); if (!(name t in seen)) { seen[name t] = 1; s++; print "skipped: " name ": " t } }
{ t = $0; sub(/.*<system-out>/, "", t) }
t ~ /^ok - / { p += cases(t) }
t ~ /^not ok - / { f++ }
t ~ /^skip - / { s += cases(t); if (t ~ /^skip - (.* on (device )?)?cuda[:,]/) G += cases(t); print "skipped: " name ": " substr(t, 8); if (!reason) reason = substr(t, 8) }
/<\/testcase>/ { finish() }
END { if (G) print "GPU tests: " G " cases skipped, no GPU here"; printf "count %d %d %d %s\n", P, F, S, label }
