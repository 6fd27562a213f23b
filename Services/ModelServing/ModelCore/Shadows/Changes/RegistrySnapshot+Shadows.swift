internal import AssayMessages
internal import RPC

extension RegistrySnapshot.Model {
    /// Puts a shadow into the picture.
    ///
    /// - Parameter version: the one it names, if that is not loaded here.
    mutating func show(_ shadow: AssayModelsV1.Shadow, version: ServingVersion? = nil) {
        let own = shadow.specification
        shadows[own.shadow] = shadow
        if shadow.state == .running, versions[own.version] == nil, let version {
            versions[own.version] = version
            damage[own.version] = nil
        }
    }

    /// Makes the lanes fit the shadows: one that changed, or whose version is there at last, begins a
    /// new one.
    mutating func refreshLanes() {
        guard !shadows.isEmpty else { return }
        var fresh: [String: ShadowLane] = [:]
        for (name, shadow) in shadows where shadow.state == .running {
            if let lane = lanes[name], lane.shadow == shadow, lane.version != nil {
                fresh[name] = lane
                continue
            }
            let number = shadow.specification.version
            let found = versions[number]
            let problem =
                found.map { ShadowScorer.refusal(of: $0) ?? "" }
                ?? damage[number] ?? "version \(number) is being loaded"
            fresh[name] = ShadowLane(
                shadow, version: problem.isEmpty ? found : nil, problem: problem)
        }
        lanes = fresh
    }

    /// By name.
    var sortedLanes: [ShadowLane] { lanes.values.sorted { $0.name < $1.name } }
}

extension RegistrySnapshot.Model {
    /// The lanes of the shadows that may be shown calls, by alias: a version that is suspended scores
    /// nothing.
    var shownShadows: [String: [ShadowLane]] {
        guard !lanes.isEmpty else { return [:] }
        let withheld = withheld
        return Dictionary(
            grouping: lanes.values.filter { withheld[$0.shadow.specification.version] == nil }
                .sorted { $0.name < $1.name },
            by: { $0.shadow.specification.alias })
    }
}

extension RegistrySnapshot {
    /// Every shadow, also those that have ended, by model and name.
    var shadows: [AssayModelsV1.Shadow] {
        models.values.flatMap(\.shadows.values).sorted {
            ($0.specification.model, $0.specification.shadow)
                < ($1.specification.model, $1.specification.shadow)
        }
    }

    func shadow(_ name: String, of model: String) throws(RPCError) -> AssayModelsV1.Shadow {
        let found = try self.model(model)
        guard let shadow = found.shadows[name] else {
            throw RPCError(
                .notFound,
                "model \"\(model)\" has no shadow \"\(name)\""
                    + NearNames.hint(name, among: found.shadows.keys), reason: "shadow_unknown")
        }
        return shadow
    }
}
