public import NIOCore
public import RPC

/// Looking at a server or client without disturbing it: each event loop is visited, for a moment at a
/// time, and one that is busy for longer than `patience` is left out and counted as silent.
private enum Visit {
    static let patience = TimeAmount.milliseconds(500)
    /// Connections that are looked at in one go.
    static let portion = 128

    /// What `body` says on the loop; nil if the loop does not get to it in time.
    static func ask<Answer: Sendable>(
        _ eventLoop: any EventLoop, witness: any EventLoop,
        _ body: @escaping @Sendable () -> Answer
    ) async -> Answer? {
        let promise = witness.makePromise(of: Answer?.self)
        let once = Once(promise)
        let late = witness.scheduleTask(in: patience) { once.succeed(nil) }
        eventLoop.execute {
            let answer = body()
            witness.execute {
                late.cancel()
                once.succeed(answer)
            }
        }
        return try? await promise.futureResult.get()
    }

    /// Keeps a promise that two want to fulfil.
    ///
    /// Sendable: `promise` is touched on its own loop only.
    private final class Once<Answer: Sendable>: @unchecked Sendable {
        private var promise: EventLoopPromise<Answer?>?
        init(_ promise: EventLoopPromise<Answer?>) { self.promise = promise }
        func succeed(_ answer: Answer?) { promise.take()?.succeed(answer) }
    }
}

extension RPCServer {
    /// Looks at all connections.
    ///
    /// - Parameter witness: a group that does not serve calls, which keeps the time.
    public func snapshot(
        _ limits: SnapshotLimits = SnapshotLimits(), witness: any EventLoopGroup
    ) async -> ServerSnapshot {
        var snapshot = ServerSnapshot(profile: profile.name)
        let clock = witness.next()
        for (eventLoop, connections) in connectionsByLoop {
            var rest = connections[...]
            while !rest.isEmpty {
                let portion = Array(rest.prefix(Visit.portion))
                rest = rest.dropFirst(Visit.portion)
                let room = limits.connections - snapshot.listed.count
                let seen = await Visit.ask(eventLoop, witness: clock) {
                    let now = eventLoop.instant
                    return portion.enumerated().map { index, connection in
                        connection.value.snapshot(
                            streams: index < room ? limits.streamsPerConnection : 0, at: now)
                    }
                }
                guard let seen else {
                    snapshot.silentLoops += 1
                    break
                }
                for connection in seen {
                    snapshot.add(
                        connection, isListed: snapshot.listed.count < limits.connections)
                }
            }
        }
        for (eventLoop, gate) in gatesByLoop {
            let load = await Visit.ask(eventLoop, witness: clock) { gate.value.load }
            if let load { snapshot.load = (snapshot.load ?? ServerLoad()) + load }
        }
        return snapshot
    }

    /// Counts without lists.
    public func totals(witness: any EventLoopGroup) async -> ServerSnapshot {
        await snapshot(.totalsOnly, witness: witness)
    }
}

extension RPCClient {
    /// Looks at the halves of all event loops.
    ///
    /// - Parameter witness: a group that makes no calls, which keeps the time.
    public func snapshot(
        _ limits: SnapshotLimits = SnapshotLimits(), witness: any EventLoopGroup
    ) async -> ClientSnapshot {
        var snapshot = ClientSnapshot(target: target)
        let clock = witness.next()
        for eventLoop in group.makeIterator() {
            guard let half = halves[ObjectIdentifier(eventLoop)] else { continue }
            let part = await Visit.ask(eventLoop, witness: clock) {
                half.made?.snapshot(limits, at: eventLoop.instant)
            }
            if let part { part.map { snapshot.add($0) } } else { snapshot.silentLoops += 1 }
        }
        if let watch {
            snapshot.resolver = await Visit.ask(watch.eventLoop, witness: clock) {
                watch.snapshot
            }
        }
        return snapshot
    }

    /// Counts without lists.
    public func totals(witness: any EventLoopGroup) async -> ClientSnapshot {
        await snapshot(.totalsOnly, witness: witness)
    }
}

/// The event loops that a process serves and calls on.
public struct LoopSnapshot: Sendable {
    public let number: Int
    public let jobs: UInt64
    /// Nanoseconds that a look at the loop had to wait just now; nil if it did not answer in time.
    public let lag: UInt64?

    /// Looks at each loop of a group.
    public static func all(
        of group: any EventLoopGroup, witness: any EventLoopGroup
    ) async -> [LoopSnapshot] {
        var found: [LoopSnapshot] = []
        let clock = witness.next()
        for (number, eventLoop) in group.makeIterator().enumerated() {
            let asked = eventLoop.instant
            let seen = await Visit.ask(eventLoop, witness: clock) {
                let context = LoopContext.current(on: eventLoop)
                let now = eventLoop.instant
                let lag = now > asked ? now.nanoseconds - asked.nanoseconds : 0
                context.meter.lagged(lag)
                return (context.meter.jobs, lag)
            }
            found.append(LoopSnapshot(number: number, jobs: seen?.0 ?? 0, lag: seen?.1))
        }
        return found
    }
}

/// The clock that calls are timed by.
public enum ProcessClock {
    public static var now: Instant { LoopContext.now }
}
