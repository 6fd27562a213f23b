internal import AssayMessages
internal import Wire

extension AssayModelsV1.Exposure {
    /// What an assignment says of a unit; nil if the unit met no arm.
    init?(_ assignment: AssayModelsV1.Assignment, at time: Timestamp, requestID: String) {
        guard assignment.isExposure else { return nil }
        self.init(
            experiment: assignment.experiment, epoch: assignment.epoch,
            unitHash: assignment.unitHash, arm: assignment.arm, firstAt: time,
            requestID: requestID,
            forced: assignment.reason == .forced || assignment.reason == .overridden,
            fallback: assignment.fallback, failed: assignment.controlAnswered)
    }

    /// Both as one: the earlier of them counts, and what either says of the unit stays. The same in
    /// any order, however often, so that an index made again from the log is the same index.
    func merged(with other: Self) -> Self {
        var merged = other.isEarlier(than: self) ? other : self
        merged.crossover = crossover || other.crossover || arm != other.arm
        merged.forced = forced || other.forced
        merged.fallback = fallback || other.fallback
        merged.failed = failed || other.failed
        return merged
    }

    private func isEarlier(than other: Self) -> Bool {
        if firstAt != other.firstAt { return firstAt < other.firstAt }
        return (arm, requestID) < (other.arm, other.requestID)
    }
}
