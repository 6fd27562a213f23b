package import RPC

/// One call of a simulation, as its scenario wants it.
package struct CallPlan: Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        /// Unary; may be repeated.
        case read
        /// Unary; runs at most once.
        case write
        /// Unary; may be repeated, since its key makes repeats count once.
        case pay
        case watch, collect, converse

        var isUnary: Bool { self == .read || self == .write || self == .pay }
        var mayBeRepeated: Bool { self == .read || self == .pay }
    }

    package var kind = Kind.read
    /// When it begins, in microseconds of the simulation.
    package var at: UInt32 = 0
    package var requestBytes = 0
    /// Messages that the caller sends.
    package var messages: UInt32 = 1
    package var replies: UInt32 = 1
    package var replyBytes: UInt32 = 0
    /// What the handler waits before each reply, and the caller before it reads each, in microseconds.
    package var handlerPause: UInt32 = 0
    package var callerPause: UInt32 = 0
    /// In microseconds; nil means the method's.
    package var deadline: UInt32?
    /// When the caller cancels, in microseconds from the beginning.
    package var cancelAfter: UInt32?
    /// The caller leaves behind so many replies.
    package var leavesAfter: UInt32?
    package var status: StatusCode?
    package var waitsForReady = false

    package init() {}

    /// Any call at all.
    static func random(_ generator: inout SeededGenerator, within time: UInt32) -> CallPlan {
        var plan = CallPlan()
        let kinds: [Kind] = [
            .read, .read, .read, .pay, .write, .write, .watch, .collect, .converse,
        ]
        plan.kind = kinds[generator.index(below: kinds.count)]
        plan.at = UInt32(generator.index(below: Int(time)))
        let sizes = [0, 0, 10, 200, 200, 5_000, 40_000, 120_000]
        plan.requestBytes = generator.index(below: sizes[generator.index(below: 8)] + 1)
        plan.replyBytes = UInt32(generator.index(below: sizes[generator.index(below: 8)] + 1))
        plan.messages = 1 + UInt32(generator.index(below: 6))
        plan.replies = UInt32(generator.index(below: 7))
        let pauses = [0, 0, 0, 500, 5_000, 100_000]
        plan.handlerPause = UInt32(generator.index(below: pauses[generator.index(below: 6)] + 1))
        plan.callerPause = UInt32(generator.index(below: pauses[generator.index(below: 6)] + 1))
        if generator.index(below: 3) == 0 {
            plan.deadline = 1 + UInt32(generator.index(below: 3_000_000))
        } else if generator.index(below: 10) == 0 {
            plan.deadline = 1 + UInt32(generator.index(below: 2_000))
        }
        if generator.index(below: 5) == 0 {
            let limit = generator.index(below: 2) == 0 ? 3_000 : 1_000_000
            plan.cancelAfter = UInt32(generator.index(below: limit))
        }
        if generator.index(below: 8) == 0 {
            plan.leavesAfter = UInt32(generator.index(below: 3))
        }
        if generator.index(below: 10) == 0 {
            plan.status = generator.index(below: 3) == 0 ? .unavailable : .failedPrecondition
        }
        plan.waitsForReady = generator.index(below: 4) == 0
        return plan
    }
}
