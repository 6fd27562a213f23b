internal import NIOCore

/// Whether a process's event loops still turn. One that does not answer is stuck in a handler that never
/// lets go, which only a restart mends.
struct Liveness: Sendable {
    static let patience = TimeAmount.seconds(1)

    private let loops: any EventLoopGroup
    private let witness: any EventLoopGroup
    private let patience: TimeAmount

    /// - Parameter witness: loops that do no work, which keep the time.
    init(
        of loops: any EventLoopGroup, witness: any EventLoopGroup,
        patience: TimeAmount = Self.patience
    ) {
        self.loops = loops
        self.witness = witness
        self.patience = patience
    }

    /// The numbers of the loops that do not answer in time; all are asked at once.
    func silentLoops() async -> [Int] {
        let clock = witness.next()
        let answers = loops.makeIterator().map { loop in
            let answer = clock.makePromise(of: Bool.self)
            let late = clock.scheduleTask(in: patience) { answer.succeed(false) }
            loop.execute {
                clock.execute {
                    late.cancel()
                    answer.succeed(true)
                }
            }
            return answer.futureResult
        }
        var silent: [Int] = []
        for (number, answer) in answers.enumerated() {
            if (try? await answer.get()) == false { silent.append(number) }
        }
        return silent
    }
}
