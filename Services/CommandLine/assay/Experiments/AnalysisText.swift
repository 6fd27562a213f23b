import AssayMessages
import Foundation

/// An analysis as whoever owns the product reads it.
struct AnalysisText {
    private let analysis: AssayModelsV1.Analysis

    init(_ analysis: AssayModelsV1.Analysis) { self.analysis = analysis }

    var lines: [String] {
        let header =
            "\(analysis.experiment) · revision \(analysis.revision), epoch \(analysis.epoch) · "
            + "look \(analysis.look) · what was known at \(analysis.horizon)"
        return [header, ""] + verdict + [""] + arms + comparisons(.primary, "Primary metrics")
            + comparisons(.secondary, "Secondary metrics: they decide nothing") + guardrails
            + omitted + ["", "analysis \(hash): the same data give the same analysis"]
    }

    // MARK: What it says

    private var verdict: [String] {
        switch analysis.verdict {
        case .harm:
            let broken = analysis.guardrails.filter { $0.state == .broken }
                .map { "\($0.metric) in arm \($0.arm)" }
            return ["HARM: \(joined(broken)) is beyond what was allowed."]
        case .sampleRatioMismatch:
            return [
                "NOT VALID: the arms have not the shares of units that they should have.",
                "Something assigns, counts or loses units of one arm; until it is found, no result "
                    + "means anything.",
            ]
        case .tooFewUnits:
            return [
                "TOO EARLY: each arm needs \(analysis.minimumUnits) matured units before anything "
                    + "is concluded."
            ]
        case .decided:
            let found = analysis.comparisons.filter {
                $0.role == .primary && ($0.finding == .better || $0.finding == .worse)
            }
            return [
                "DECIDED: "
                    + joined(found.map { "\($0.arm) is \($0.finding) in \($0.metric)" }) + "."
            ]
        case .open:
            return ["OPEN: no difference is shown so far; that is not proof that there is none."]
        case .unspecified, .unrecognized: return ["UNKNOWN: this tool is older than the service."]
        }
    }

    private var arms: [String] {
        let total = analysis.arms.reduce(0) { $0 + $1.units }
        let width = max(12, (analysis.arms.map(\.name.count).max() ?? 0) + 2)
        var lines = [padded("arm", width) + " version      units   share   should be"]
        for arm in analysis.arms {
            let share = total == 0 ? 0 : Double(arm.units) / Double(total)
            var line =
                padded(arm.name, width) + right("\(arm.version)", 8)
                + right("\(arm.units)", 11) + right(percent(share), 8)
                + right(percent(Double(arm.weight) / 10_000), 12)
            if arm.failed > 0 { line += "   \(arm.failed) answered by control" }
            if arm.fallback > 0 { line += "   \(arm.fallback) by the fallback id" }
            lines.append(line)
        }
        let ratio = analysis.sampleRatio
        lines.append(
            "sample ratio " + (ratio.alarm ? "DOES NOT HOLD" : "holds")
                + ": p \(pValue(ratio.sequentialPValue)) over all looks")
        return lines + excluded
    }

    private var excluded: [String] {
        let excluded = analysis.excluded
        var parts: [String] = []
        if excluded.crossovers > 0 {
            parts.append(
                "\(excluded.crossovers) met in two arms"
                    + (excluded.tooManyCrossovers ? " (one percent or more: find out why)" : ""))
        }
        if excluded.forced > 0 { parts.append("\(excluded.forced) forced into an arm") }
        if excluded.unusable > 0 { parts.append("\(excluded.unusable) of unknown arms") }
        return parts.isEmpty ? [] : ["left out     \(parts.joined(separator: ", "))"]
    }

    // MARK: Metrics

    private func comparisons(_ role: AssayModelsV1.MetricRole, _ title: String) -> [String] {
        let found = analysis.comparisons.filter { $0.role == role }
        return found.isEmpty ? [] : ["", title] + found.flatMap(lines(of:))
    }

    private func lines(of comparison: AssayModelsV1.MetricComparison) -> [String] {
        let (control, treatment) = (comparison.control, comparison.treatment)
        let form = Form(comparison.kind)
        var lines = [
            "  \(comparison.metric), \(comparison.better) is better",
            "    control \(form.value(control.mean)) of \(units(control)); "
                + "\(comparison.arm) \(form.value(treatment.mean)) of \(units(treatment))",
        ]
        guard let effect = comparison.effect else {
            return lines + ["    nothing can be compared yet"]
        }
        let level = percent(1 - analysis.alpha)
        var text =
            "    difference \(form.change(effect.difference)), with \(level) between "
            + "\(form.change(effect.interval.lower)) and \(form.change(effect.interval.upper))"
        if let lift = effect.lift { text += "; \(signedPercent(lift)) of control's" }
        lines.append(text)
        if effect.theta != nil {
            lines.append("    adjusted by what was known of the units before")
        }
        lines.append(
            "    \(says(comparison)) (p \(pValue(comparison.adjustedPValue)))")
        return lines
    }

    private func says(_ comparison: AssayModelsV1.MetricComparison) -> String {
        switch comparison.finding {
        case .better: "\(comparison.arm) is BETTER"
        case .worse: "\(comparison.arm) is WORSE"
        case .none: "no difference is shown so far"
        case .withheld:
            analysis.sampleRatio.alarm
                ? "withheld: the sample ratio does not hold" : "withheld: too few matured units"
        case .unspecified, .unrecognized: "unknown"
        }
    }

    private func units(_ estimate: AssayModelsV1.ArmEstimate) -> String {
        var text = String(estimate.units, "unit")
        if estimate.censored > 0 { text += " (\(estimate.censored) too young to count)" }
        if estimate.invalid > 0 { text += " (\(estimate.invalid) with impossible values)" }
        return text
    }

    private var guardrails: [String] {
        analysis.guardrails.isEmpty
            ? [] : ["", "Guardrails"] + analysis.guardrails.map(line(of:))
    }

    private func line(of guardrail: AssayModelsV1.GuardrailOutcome) -> String {
        let name = "  \(guardrail.metric), \(guardrail.arm): "
        switch guardrail.state {
        case .holds: return name + "holds, " + measured(guardrail)
        case .broken: return name + "BROKEN, " + measured(guardrail)
        case .tooFewUnits:
            return name + "not judged yet, \(guardrail.units) of \(analysis.minimumUnits) needed"
        case .undefined:
            return name + "cannot be computed: "
                + (guardrail.relative
                    ? "control's value is 0, and there is no lift over nothing"
                    : "nothing was counted yet")
        case .unspecified, .unrecognized: return name + "unknown"
        }
    }

    /// The value, its limit, and how far beyond it chance may have put the value.
    private func measured(_ guardrail: AssayModelsV1.GuardrailOutcome) -> String {
        let form = guardrail.relative ? Form.lift : Form(guardrail.kind)
        let value = guardrail.value.map { form.limit($0) } ?? "?"
        let chance = " (chance explains \(form.margin(guardrail.margin)))"
        if guardrail.kind == .quantile {
            return "\(value) of calls lie above \(Form.plain(guardrail.limit))" + chance
        }
        let beyond = guardrail.better == .higher ? "below" : "above"
        return "\(value), not to be \(beyond) \(form.limit(guardrail.limit))" + chance
    }

    private var omitted: [String] {
        analysis.omitted.map { "  \($0.metric): not measured, \($0.reason)" }
    }

    private var hash: String {
        analysis.contentHash.prefix(8).map { String(format: "%02x", Int($0)) }.joined()
    }
}

/// How the values of a kind of metric are written.
private enum Form {
    case share, number, lift

    init(_ kind: AssayModelsV1.MetricKind) {
        switch kind {
        case .proportion, .fairness, .quantile: self = .share
        default: self = .number
        }
    }

    func value(_ value: Double) -> String {
        self == .number ? Self.plain(value) : String(format: "%.2f %%", value * 100)
    }

    func change(_ value: Double) -> String {
        self == .number
            ? (value < 0 ? "−" : "+") + Self.plain(abs(value))
            : String(format: "%+.2f points", value * 100)
    }

    func limit(_ value: Double) -> String {
        switch self {
        case .number: Self.plain(value)
        case .share: String(format: "%.2f %%", value * 100)
        case .lift: String(format: "%+.2f %% against control", value * 100)
        }
    }

    func margin(_ value: Double) -> String {
        self == .number ? Self.plain(value) : String(format: "%.2f %%", value * 100)
    }

    static func plain(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15
            ? String(format: "%.0f", value) : String(format: "%.5g", value)
    }
}

private func percent(_ share: Double) -> String {
    let text = String(format: "%.1f %%", share * 100)
    return text.hasSuffix(".0 %") ? String(text.dropLast(4)) + " %" : text
}

private func signedPercent(_ share: Double) -> String {
    String(format: "%+.1f %%", share * 100)
}

private func pValue(_ value: Double) -> String {
    value < 0.0001 ? "below 0.0001" : String(format: "%.4f", value)
}

private func joined(_ parts: [String]) -> String { parts.joined(separator: ", ") }

private func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.count))
}

private func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(1, width - text.count)) + text
}
