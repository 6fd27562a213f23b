import AssayMessages

/// A shadow in words.
enum ShadowText {
    static func line(_ own: AssayModelsV1.ShadowSpecification) -> String {
        "shadow \(own.shadow) revision \(own.revision): version \(own.version) scores "
            + "\(percent(own.share)) of \(own.model)@\(own.alias) too, with at most "
            + "\(percent(own.poolShare)) of the scoring threads' time and \(own.queue) calls waiting"
    }

    /// A shadow as it stands, and what the process that was asked did for it.
    static func status(_ shadow: AssayModelsV1.Shadow) -> [String] {
        let own = shadow.specification
        var lines = [
            "\(own.shadow) revision \(own.revision): \(shadow.state), version \(own.version) beside "
                + "\(own.model)@\(own.alias), \(percent(own.share)) of its calls",
            "  changed     \(shadow.changedAt) by \(shadow.actor): \(shadow.reason)",
        ]
        guard let found = shadow.activity else { return lines }
        if !found.problem.isEmpty { return lines + ["  PROBLEM     \(found.problem)"] }
        lines.append(
            "  this server \(found.offered) calls shown, \(found.scored) scored, \(found.waiting) "
                + "waiting, \(found.dropped) gave way to newer")
        if found.failed + found.late + found.lost > 0 {
            lines.append(
                "  without     \(found.failed) failed, \(found.late) took too long, \(found.lost) "
                    + "found no room in the log")
        }
        if found.stuck { lines.append("  STUCK       it has been at one call for over a second") }
        return lines
    }

    private static func percent(_ basisPoints: UInt32) -> String {
        ExperimentText.percent(Double(basisPoints) / 10_000)
    }
}
