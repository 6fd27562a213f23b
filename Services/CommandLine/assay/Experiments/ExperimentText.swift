import AssayMessages

/// An experiment in words.
enum ExperimentText {
    static func lines(_ found: AssayModelsV1.ExperimentSpecification) -> [String] {
        let slot = Double(found.slots.to - min(found.slots.from, found.slots.to)) / 10_000
        let share = slot * Double(found.allocation) / 10_000
        var lines = [
            "\(found.experiment) revision \(found.revision), epoch \(found.epoch): "
                + "\(found.model)@\(found.alias) by \(found.unit)"
                + (found.unitFallback.isEmpty ? "" : ", else \(found.unitFallback)"),
            "  hypothesis  \(found.hypothesis)",
            "  traffic     slots \(found.slots.from) to \(found.slots.to) of layer "
                + "\"\(found.layer)\", allocation \(found.allocation): \(percent(share)) of all units",
        ]
        for arm in found.arms {
            let weight = Double(arm.weight) / 10_000
            lines.append(
                "  arm         \(arm.name): version \(arm.version), \(percent(weight)) of those, "
                    + "\(percent(share * weight)) of all" + (arm.control ? " (control)" : ""))
        }
        lines.append(
            "  targeting   " + (found.targeting.isEmpty ? "everyone" : found.targeting))
        if !found.holdouts.isEmpty {
            lines.append("  holdouts    \(found.holdouts.joined(separator: ", "))")
        }
        for (index, step) in found.ramp.enumerated() {
            lines.append(
                "  ramp \(index + 1)      \(percent(slot * Double(step.allocation) / 10_000)) for "
                    + "\(time(step.holdSeconds))"
                    + (step.minimumUnits > 0 ? " and \(step.minimumUnits) units" : ""))
        }
        for metric in found.metrics {
            lines.append("  \(padded("\(metric.role)")) \(metric.name): \(metric.kind)")
        }
        return lines
    }

    static func line(_ found: AssayModelsV1.HoldoutSpecification) -> String {
        "holdout \(found.holdout) revision \(found.revision): "
            + "\(percent(Double(found.share) / 10_000)) of all units; \(found.purpose)"
    }

    /// What applying a file would change.
    static func lines(_ plan: AssayModelsV1.ExperimentPlan) -> [String] {
        let name = plan.experiment.isEmpty ? "the file" : plan.experiment
        if plan.unchanged {
            return ["\(name): in force already"] + plan.notes.map { "  note   \($0)" }
        }
        return ["\(name): \(plan.problems.isEmpty ? "can be applied" : "cannot be applied")"]
            + plan.changes.map { "  change \($0)" } + plan.notes.map { "  note   \($0)" }
    }

    /// An experiment as it stands.
    static func status(_ found: AssayModelsV1.Experiment) -> [String] {
        let own = found.specification
        let steps = own.ramp.count
        var lines = [
            "\(own.experiment) revision \(own.revision), epoch \(own.epoch): \(found.state) on "
                + "\(own.model)@\(own.alias)",
            "  allocation  \(found.allocation) of 10000 basis points of slots \(own.slots.from) to "
                + "\(own.slots.to)"
                + (steps > 0 ? ", step \(found.rampStep) of \(steps)" : "")
                + ", since \(RegistryText.time(found.stepSince))",
            "  changed     \(RegistryText.time(found.changedAt)) by \(found.actor): \(found.reason)",
        ]
        for arm in own.arms {
            let units = found.arms.first { $0.arm == arm.name }?.units ?? 0
            lines.append(
                "  arm         \(arm.name): version \(arm.version), \(units) units"
                    + (arm.control ? " (control)" : ""))
        }
        if found.crossovers + found.forced > 0 {
            lines.append(
                "  excluded    \(found.crossovers) met two arms, \(found.forced) were forced")
        }
        return lines
    }

    static func percent(_ share: Double) -> String {
        let hundredths = (share * 10_000).rounded() / 100
        return hundredths == hundredths.rounded() ? "\(Int(hundredths)) %" : "\(hundredths) %"
    }

    static func time(_ seconds: UInt32) -> String {
        for (unit, name) in [(86_400, "d"), (3_600, "h"), (60, "m")] where seconds > 0 {
            if Int(seconds) % unit == 0 { return "\(Int(seconds) / unit)\(name)" }
        }
        return "\(seconds)s"
    }

    private static func padded(_ text: String) -> String {
        text + String(repeating: " ", count: max(0, 11 - text.count))
    }
}
