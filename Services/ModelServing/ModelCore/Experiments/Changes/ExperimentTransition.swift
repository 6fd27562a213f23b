internal import AssayMessages
internal import RPC
internal import Wire

/// From which state an experiment may go to which.
enum ExperimentTransition {
    /// The experiment in its new state.
    ///
    /// - Throws: FAILED_PRECONDITION where the way does not exist.
    static func move(
        _ experiment: AssayModelsV1.Experiment, to state: AssayModelsV1.ExperimentState,
        at time: Timestamp, by actor: String, reason: String
    ) throws(RPCError) -> AssayModelsV1.Experiment {
        let from = experiment.state
        if let why = refusal(from, state, experiment.specification.epoch) {
            throw RPCError(
                .failedPrecondition,
                "experiment \"\(experiment.specification.experiment)\" is \(from): \(why)",
                reason: "experiment_state")
        }
        var moved = experiment
        moved.state = state
        moved.changedAt = time
        moved.actor = actor
        moved.reason = reason
        // A halt keeps the ramp where it is: what was held before it does not count afterwards.
        if state == .running { moved.stepSince = time }
        return moved
    }

    private static func refusal(
        _ from: AssayModelsV1.ExperimentState, _ to: AssayModelsV1.ExperimentState, _ epoch: UInt32
    ) -> String? {
        switch (from, to) {
        case (.running, .halted), (.running, .controlled), (.running, .stopped),
            (.halted, .running), (.halted, .controlled), (.halted, .stopped),
            (.controlled, .stopped):
            nil
        case (.stopped, _): "it has ended; epoch \(epoch + 1) begins a new one"
        case (.controlled, .running), (.controlled, .halted):
            "its units met control alone since; epoch \(epoch + 1) begins anew"
        case _ where from == to: "it is so already"
        default: "it cannot go to \(to)"
        }
    }
}
