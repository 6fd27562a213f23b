internal import FeatureEngine

/// A state behind one reference: a reading is handed around more often than its state is looked at.
//
// Unchecked: a state that changes belongs to one thread at a time: that which holds its stripe, or
// that which replays. A reading that leaves that thread has a copy, which nobody changes.
class HeldState: @unchecked Sendable {
    /// Not copyable, so that it is read where it lies: a copy counts references to all its parts.
    struct Content: ~Copyable {
        var state: FeatureState
    }

    private final var content: Content

    final var state: FeatureState {
        _read { yield content.state }
        _modify { yield &content.state }
    }

    init(_ state: FeatureState) { content = Content(state: state) }

    final func read(_ body: (borrowing Content) -> Void) { body(content) }

    /// Applies an event that is new to the state.
    final func apply(_ event: EngineEvent, touches: UInt64, sequence: UInt64) {
        _ = content.state.apply(event, touches: touches, sequence: sequence, delivery: .first)
    }
}
