internal import AssayMessages
internal import RPC

extension ServingModel {
    /// What the versions did, by number; of each, answered calls before those of shadows.
    ///
    /// - Parameter number: 0: of all that are loaded.
    func counts(of number: UInt32) throws(RPCError) -> [AssayModelsV1.VersionCounts] {
        if number != 0 { _ = try loaded(number) }
        let numbers = number == 0 ? versions.keys.sorted().suffix(1_000) : [number]
        let lanes = shadows.values.joined().sorted { $0.name < $1.name }
        var counts: [AssayModelsV1.VersionCounts] = []
        for number in numbers {
            if let version = versions[number] { counts.append(.init(version)) }
            for lane in lanes {
                guard let version = lane.version, version.number == number else { continue }
                var own = AssayModelsV1.VersionCounts(version)
                own.shadow = lane.name
                counts.append(own)
            }
        }
        return counts
    }
}

extension AssayModelsV1.VersionCounts {
    fileprivate init(_ version: ServingVersion) {
        let statistics = version.statistics
        func count(_ counter: VersionStatistics.Counter) -> UInt64 {
            UInt64(clamping: statistics[counter])
        }
        let names = version.post.bands?.names ?? []
        self.init(
            version: version.number, requests: count(.requests), rows: count(.rows),
            failures: statistics.failures.map {
                .init(code: "\($0.code)", calls: UInt64(clamping: $0.count))
            },
            times: Self.times(statistics.times),
            bands: zip(names, statistics.bands(names.count)).map {
                .init(band: $0, rows: UInt64(clamping: $1))
            },
            flags: count(.flags), explanations: count(.explanations), degraded: count(.degraded))
    }

    /// Without the ends that have no calls.
    private static func times(_ counts: [Int]) -> [AssayModelsV1.CountedTimes] {
        guard let first = counts.firstIndex(where: { $0 > 0 }),
            let last = counts.lastIndex(where: { $0 > 0 })
        else { return [] }
        return (first...last).map { place in
            .init(
                belowMicroseconds: place == counts.count - 1 ? 0 : 1 << UInt64(place),
                calls: UInt64(clamping: counts[place]))
        }
    }
}
