internal import AssayMessages

/// An experiment in force, as the table needs it.
struct RunningExperiment: Sendable {
    enum State: Sendable, Hashable {
        /// Units are drawn; also while a halt keeps the ramp where it is.
        case drawing
        /// Control answers everyone.
        case controlled
        /// It does nothing.
        case stopped
    }

    var specification: AssayModelsV1.ExperimentSpecification
    var state = State.drawing
    /// Basis points of the slot that take part now.
    var allocation: UInt32
    /// Secret of the tokens, made when the experiment was applied first.
    var secret: [UInt8] = []

    init(
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
