/// Loaded versions that nothing in force uses: they stay while there is room, and the one that was
/// used longest ago leaves first. A value; whoever owns it lets go of what leaves.
package struct VersionShelf: Sendable {
    /// What is kept besides the versions in use.
    package struct Limits: Sendable {
        package var versions: Int
        package var bytes: Int

        package init(versions: Int = 64, bytes: Int = 4 << 30) {
            self.versions = versions
            self.bytes = bytes
        }
    }

    struct Place: Hashable, Sendable {
        var model: String
        var version: UInt32
    }

    private(set) var kept: [Place: ServingVersion] = [:]
    private(set) var byteCount = 0
    /// Versions that have left since the start.
    private(set) var evictions = 0

    /// Says what a model has loaded now, and which of it is in use. Until now it was, if it was not on
    /// the shelf: what an alias has just left is the last to leave.
    mutating func update(
        _ model: String, loaded: [UInt32: ServingVersion], inUse: Set<UInt32>,
        at nanoseconds: UInt64 = Predictor.nanoseconds()
    ) {
        for (place, version) in kept where place.model == model {
            let stays = loaded[place.version] === version && !inUse.contains(place.version)
            if !stays { remove(place) }
        }
        for (number, version) in loaded where !inUse.contains(number) {
            let place = Place(model: model, version: number)
            guard kept[place] == nil else { continue }
            version.use(at: nanoseconds)
            kept[place] = version
            byteCount += version.byteCount
        }
    }

    private mutating func remove(_ place: Place) {
        guard let version = kept.removeValue(forKey: place) else { return }
        byteCount -= version.byteCount
    }

    /// Takes out what is too much. The version that was used last stays, however large it is.
    mutating func makeRoom(_ limits: Limits) -> [Place] {
        var left: [Place] = []
        while kept.count > 1, kept.count > limits.versions || byteCount > limits.bytes {
            // The order of a dictionary decides nothing: no two versions have the same token.
            let oldest = kept.min {
                ($0.value.lastUse, $0.value.token) < ($1.value.lastUse, $1.value.token)
            }
            guard let oldest else { break }
            remove(oldest.key)
            left.append(oldest.key)
            evictions += 1
        }
        return left
    }
}

extension RegistrySnapshot.Model {
    /// Versions that have to be able to answer at once: an alias points to them, an experiment that is
    /// in force has them for an arm, or a shadow scores with them.
    var inUse: Set<UInt32> {
        var numbers = Set(aliases.values.map(\.version))
        for record in experiments.values where record.experiment.state != .stopped {
            numbers.formUnion(record.experiment.specification.arms.map(\.version))
        }
        for shadow in shadows.values where shadow.state == .running {
            numbers.insert(shadow.specification.version)
        }
        return numbers
    }

    /// Those among them that nobody has loaded yet, or tried to.
    var missing: [UInt32] {
        inUse.filter { versions[$0] == nil && damage[$0] == nil && $0 <= newestNumber }
            .sorted()
    }
}

extension RegistrySnapshot {
    /// Puts what a model no longer uses on the shelf, and lets go of what is too much.
    ///
    /// - Returns: the models that lost versions.
    mutating func shelve(_ name: String, _ limits: VersionShelf.Limits) -> Set<String> {
        guard let model = models[name] else { return [] }
        shelf.update(name, loaded: model.versions, inUse: model.inUse)
        let left = shelf.makeRoom(limits)
        for place in left { models[place.model]?.versions[place.version] = nil }
        return Set(left.map(\.model))
    }
}
