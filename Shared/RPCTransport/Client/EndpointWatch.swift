internal import NIOCore
internal import RPC

/// Keeps the endpoints of one client up to date on all of its event loops: asks the source off the
/// loops, when `NameResolution` says so, and tells each loop what changed.
///
/// Sendable: everything mutable is touched on `eventLoop` only.
final class EndpointWatch: @unchecked Sendable {
    private static let timeout = TimeAmount.seconds(5)

    private let source: any EndpointSource
    let eventLoop: any EventLoop
    private var resolution: NameResolution
    private var subscribers: [(eventLoop: any EventLoop, client: LoopConfined<ClientLoop>)] = []
    private var wake: Scheduled<Void>?
    /// Tells the answer of this question from one that comes too late.
    private var question = 0
    private var isClosed = false

    init(_ source: any EndpointSource, on eventLoop: any EventLoop, seed: UInt64) {
        self.source = source
        self.eventLoop = eventLoop
        resolution = NameResolution(
            interval: source.interval, now: eventLoop.instant,
            generator: SeededGenerator(seed: seed))
    }

    /// Tells a loop's half of the client of all answers to come, and of the last one. Called on
    /// that loop.
    func subscribe(_ client: ClientLoop) {
        let own = client.loop.eventLoop
        let confined = LoopConfined(client)
        eventLoop.execute {
            self.subscribers.append((own, confined))
            let known = self.resolution.endpoints
            if !known.isEmpty {
                own.execute { confined.value.update(known) }
            } else if let failure = self.resolution.failure {
                own.execute { confined.value.resolutionFailed(failure) }
            }
            self.schedule()
        }
    }

    /// What became of the questions so far. Called on `eventLoop`.
    var snapshot: ResolverSnapshot {
        let counters = resolution.counters
        return ResolverSnapshot(
            changed: counters.changed, unchanged: counters.unchanged, failed: counters.failed,
            empty: counters.empty, endpoints: resolution.endpoints.map { "\($0)" },
            failure: resolution.failure)
    }

    /// Asks for a fresh answer. From any thread.
    func request() {
        eventLoop.execute {
            self.resolution.request(at: self.eventLoop.instant)
            self.schedule()
        }
    }

    func close() {
        eventLoop.execute {
            self.isClosed = true
            self.wake?.cancel()
            self.subscribers = []
        }
    }

    private func schedule() {
        wake?.cancel()
        wake = nil
        guard !isClosed, resolution.nextAt != .distantFuture else { return }
        let at = NIODeadline.uptimeNanoseconds(resolution.nextAt.nanoseconds)
        wake = eventLoop.scheduleTask(deadline: at) { self.resolve() }
    }

    private func resolve() {
        guard !isClosed, resolution.begin(at: self.eventLoop.instant) else { return }
        question += 1
        let asked = question
        let late = eventLoop.scheduleTask(in: Self.timeout) {
            self.answered(.failed("no answer within 5 s"), to: asked)
        }
        source.resolve(on: eventLoop).whenComplete { result in
            late.cancel()
            switch result {
            case .success(let endpoints): self.answered(.endpoints(endpoints), to: asked)
            case .failure(let error): self.answered(.failed("\(error)"), to: asked)
            }
        }
    }

    private func answered(_ answer: NameResolution.Answer, to asked: Int) {
        guard asked == question, resolution.isResolving else { return }
        let changed = resolution.answered(answer, at: self.eventLoop.instant)
        for (own, client) in subscribers {
            if let changed {
                own.execute { client.value.update(changed) }
            } else if resolution.endpoints.isEmpty, let failure = resolution.failure {
                own.execute { client.value.resolutionFailed(failure) }
            }
        }
        schedule()
    }
}
