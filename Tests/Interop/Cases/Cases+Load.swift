import InteropMessages
import RPC
import RPCTransport
import Synchronization

/// Many calls at once, many one after the other, and a reader who does not read.
extension InteropPeer {
    /// A thousand large calls at once.
    func concurrentLargeUnary() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<1_000 {
                group.addTask {
                    try await largeUnary(
                        service, options: CallOptions(deadline: .after(.seconds(60))))
                }
            }
            try await group.waitForAll()
        }
    }

    /// While nobody reads the replies, the server stops reading requests, and writing them stops too;
    /// everything arrives once the replies are read.
    ///
    /// On a connection of its own: gRPC C++ opens the window of one that has carried much so wide that
    /// all requests fit.
    func flowControlPushback() async throws {
        try await onFreshConnection { try await pushBack($0) }
    }

    private func pushBack(_ service: Service.Client) async throws {
        let (count, size) = (1_000, 64 << 10)
        try await service.fullDuplexCall { requests, replies in
            let written = Counter()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for _ in 0..<count {
                        try await requests.write(.asking([size], with: size))
                        written.increment()
                    }
                    requests.finish()
                }
                let held = try await settled { written.value }
                try require(
                    held < count, "all requests left, and no reply was read")
                let received = try await replies.reduce(into: 0) { total, reply in
                    try requireEqual(reply.payload?.body.count, size, "the payload")
                    total += 1
                }
                try requireEqual(received, count, "replies")
                try await group.waitForAll()
            }
        }
    }

    /// A value above zero that has not changed for half a second, or what it is after ten.
    private func settled(_ read: @Sendable () -> Int) async throws -> Int {
        let start = ContinuousClock.now
        var (value, since) = (read(), start)
        while start.duration(to: .now) < .seconds(10),
            value == 0 || since.duration(to: .now) < .milliseconds(500)
        {
            try await Task.sleep(for: .milliseconds(20))
            let current = read()
            if current != value { (value, since) = (current, .now) }
        }
        return value
    }

    // MARK: Soaks

    func rpcSoak() async throws { try await repeatedly { try await largeUnary(service) } }

    /// A connection of its own for each call.
    func channelSoak() async throws {
        try await repeatedly { try await onFreshConnection { try await largeUnary($0) } }
    }

    private func onFreshConnection(_ body: (Service.Client) async throws -> Void) async throws {
        let client = try connect()
        let result: Result<Void, any Error>
        do {
            result = .success(try await body(Service.Client(client)))
        } catch {
            result = .failure(error)
        }
        await client.close()
        try result.get()
    }

    private func repeatedly(_ call: () async throws -> Void) async throws {
        var failures: [String] = []
        for _ in 0..<soak.iterations {
            let start = ContinuousClock.now
            do {
                try await call()
                let latency = start.duration(to: .now)
                if latency > soak.maximumLatency { failures.append("a call took \(latency)") }
            } catch {
                failures.append("\(error)")
            }
        }
        try require(
            failures.count <= soak.maximumFailures,
            "\(failures.count) of \(soak.iterations) failed: \(failures.prefix(3))")
    }
}

/// Counts for another task to look at.
private final class Counter: Sendable {
    private let count = Mutex(0)

    var value: Int { count.withLock { $0 } }
    func increment() { count.withLock { $0 += 1 } }
}
