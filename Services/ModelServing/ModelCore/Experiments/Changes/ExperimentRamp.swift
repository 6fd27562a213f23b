internal import AssayMessages
internal import Wire

/// When an experiment takes the next step of its ramp. Pure: the clock is an argument.
enum ExperimentRamp {
    /// The experiment after its next step; nil while it is not due.
    ///
    /// - Parameter units: that met an arm in this epoch.
    static func next(
        _ experiment: AssayModelsV1.Experiment, units: UInt64, at time: Timestamp
    ) -> AssayModelsV1.Experiment? {
        let steps = experiment.specification.ramp
        let step = Int(experiment.rampStep)
        guard experiment.state == .running, step > 0, step < steps.count else { return nil }
        let held = time.seconds.subtractingReportingOverflow(experiment.stepSince.seconds)
        guard !held.overflow, held.partialValue >= Int64(steps[step - 1].holdSeconds),
            units >= steps[step - 1].minimumUnits
        else { return nil }
        var next = experiment
        next.rampStep += 1
        next.allocation = steps[step].allocation
        next.stepSince = time
        next.changedAt = time
        next.actor = "ramp"
        next.reason =
            "step \(step) held \(ExperimentRamp.text(held.partialValue)) with \(units) units"
        return next
    }

    private static func text(_ seconds: Int64) -> String {
        for (unit, name) in [(Int64(86_400), "d"), (3_600, "h"), (60, "m")] where seconds >= unit {
            return "\(seconds / unit) \(name)"
        }
        return "\(seconds) s"
    }
}
