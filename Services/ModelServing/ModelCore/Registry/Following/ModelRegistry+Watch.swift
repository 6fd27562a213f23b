package import AssayMessages
internal import RPC

extension ModelRegistry {
    /// Watchers at once; more are refused.
    static let maximumWatchers = 256
    /// Events that are read at once for a watcher.
    private static let watchPage = 256

    /// Gives every event as it happens, each model's in order and without gaps, until the caller goes or
    /// ``endWatches()`` is called.
    package func watch(
        _ request: AssayModelsV1.WatchRequest,
        _ write: (AssayModelsV1.Event) async throws -> Void
    ) async throws {
        var rung = bell.count
        var positions = try start(request)
        guard watchers.enter() else {
            throw RPCError(
                .resourceExhausted, "\(Self.maximumWatchers) watch the registry already")
        }
        defer { watchers.leave() }
        let watchesAll = request.positions.isEmpty
        while true {
            let snapshot = snapshot
            for (name, model) in snapshot.models.sorted(by: { $0.key < $1.key }) {
                guard let position = positions[name] ?? (watchesAll ? 0 : nil) else { continue }
                positions[name] = try await give(name, position, to: model.sequence, write)
            }
            guard let next = await bell.wait(beyond: rung) else { return }
            rung = next
        }
    }

    /// Ends all watches in good order: their callers go on elsewhere.
    public func endWatches() { bell.end() }

    private func start(
        _ request: AssayModelsV1.WatchRequest
    ) throws(RPCError) -> [String: UInt64] {
        guard !request.positions.isEmpty else { return snapshot.models.mapValues(\.sequence) }
        let snapshot = snapshot
        var positions: [String: UInt64] = [:]
        for position in request.positions {
            _ = try snapshot.model(position.model)
            positions[position.model] = position.after
        }
        return positions
    }

    /// - Returns: the sequence of the last event that was given.
    private func give(
        _ model: String, _ position: UInt64, to newest: UInt64,
        _ write: (AssayModelsV1.Event) async throws -> Void
    ) async throws -> UInt64 {
        var position = position
        while position < newest {
            let last = position
            let events = try await Self.translated {
                try await rows.events(model, after: last, limit: Self.watchPage)
            }
            guard !events.isEmpty else { break }
            for event in events where event.sequence <= newest {
                try await write(event)
                position = event.sequence
            }
        }
        return position
    }
}
