package import AssayMessages

/// An experiment in force, as the table needs it.
package struct RunningExperiment: Sendable {
    package enum State: Sendable, Hashable {
        /// Units are drawn; also while a halt keeps the ramp where it is.
        case drawing
        /// Control answers every unit that would take part.
        case controlled
        /// It does nothing.
        case stopped
    }

    package var specification: AssayModelsV1.ExperimentSpecification
    package var state = State.drawing
    /// Basis points of the slot that take part now.
    package var allocation: UInt32
    /// Secret of the tokens, made when the experiment was applied first.
    package var secret: [UInt8] = []

    package init(
        _ specification: AssayModelsV1.ExperimentSpecification, state: State = .drawing,
        allocation: UInt32? = nil, secret: [UInt8] = []
    ) {
        self.specification = specification
        self.state = state
        self.allocation = allocation ?? specification.allocation
        self.secret = secret
    }
}

extension RunningExperiment {
    init(_ record: AssayModelsV1.ExperimentRecord) {
        let experiment = record.experiment
        let state: State =
            switch experiment.state {
            case .running, .halted: .drawing
            case .controlled: .controlled
            default: .stopped
            }
        self.init(
            experiment.specification, state: state, allocation: experiment.allocation,
            secret: record.secret)
    }
}
