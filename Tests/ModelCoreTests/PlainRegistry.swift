import RPC

/// The rules of a registry without its store, files, events or threads: what a person would keep on
/// paper. A governed "champion" needs one approval; "next" needs nothing.
struct PlainRegistry {
    enum Status { case candidate, approved, suspended, retired, erased }
    enum Decision: CaseIterable { case approved, rejected, withdrawn }

    struct Version {
        let uploader: String
        var status = Status.candidate
        var said: [String: Decision] = [:]

        var judged: Status {
            said.values.contains(.approved) && !said.values.contains(.rejected)
                ? .approved : .candidate
        }
        var mayServe: Bool { status == .candidate || status == .approved }
    }

    struct Alias: Equatable {
        var version: Int
        var generation: Int
        var trail: [Int] = []
    }

    private(set) var versions: [Version] = []
    private(set) var aliases: [String: Alias] = [:]
    private var generations: [String: Int] = [:]
    private var served: [String: Set<Int>] = [:]

    mutating func register(by uploader: String) -> StatusCode {
        versions.append(Version(uploader: uploader))
        return .ok
    }

    private func isApproved(_ version: Version, without mover: String) -> Bool {
        !version.said.values.contains(.rejected)
            && version.said.contains { person, decision in
                decision == .approved && person != version.uploader && person != mover
            }
    }

    mutating func move(
        _ alias: String, to number: Int, from: Int, generation: Int, by mover: String
    ) -> StatusCode {
        let present = aliases[alias]
        guard from == present?.version ?? 0, generation == present?.generation ?? 0 else {
            return .aborted
        }
        guard number <= versions.count else { return .notFound }
        let version = versions[number - 1]
        guard version.mayServe, alias == "next" || isApproved(version, without: mover) else {
            return .failedPrecondition
        }
        var trail = present?.trail ?? []
        if let present, present.version != number { trail.append(present.version) }
        put(alias, number, trail)
        return .ok
    }

    private mutating func put(_ alias: String, _ version: Int, _ trail: [Int]) {
        generations[alias, default: 0] += 1
        served[alias, default: []].insert(version)
        aliases[alias] = Alias(version: version, generation: generations[alias]!, trail: trail)
    }

    mutating func rollback(_ alias: String, to number: Int) -> StatusCode {
        guard let present = aliases[alias] else { return .notFound }
        if number == present.version { return .failedPrecondition }
        let target: Int
        if number > 0 {
            guard served[alias]!.contains(number) else { return .failedPrecondition }
            target = number
        } else {
            guard let last = present.trail.last else { return .unknown }
            target = last
        }
        guard versions[target - 1].mayServe else { return .failedPrecondition }
        let step = present.trail.lastIndex(of: target)
        put(alias, target, step.map { Array(present.trail[..<$0]) } ?? present.trail)
        return .ok
    }

    mutating func delete(_ alias: String) -> StatusCode {
        aliases.removeValue(forKey: alias) == nil ? .notFound : .ok
    }

    mutating func approve(_ number: Int, _ decision: Decision, by person: String) -> StatusCode {
        guard number <= versions.count else { return .notFound }
        guard versions[number - 1].uploader != person else { return .permissionDenied }
        let status = versions[number - 1].status
        guard status != .retired, status != .erased else { return .failedPrecondition }
        if decision == .withdrawn, versions[number - 1].said[person] == nil {
            return .failedPrecondition
        }
        versions[number - 1].said[person] = decision
        if status != .suspended { versions[number - 1].status = versions[number - 1].judged }
        return .ok
    }

    mutating func set(_ number: Int, _ status: Status) -> StatusCode {
        guard number <= versions.count else { return .notFound }
        let version = versions[number - 1]
        let isAllowed =
            switch (version.status, status) {
            case (.candidate, .suspended), (.approved, .suspended), (.candidate, .retired),
                (.approved, .retired), (.suspended, .retired), (.retired, .erased),
                (.erased, .retired):
                true
            case (.suspended, _): status == version.judged
            default: false
            }
        let isTaken = status == .suspended || status == .retired
        guard isAllowed, !(isTaken && aliases.values.contains { $0.version == number }) else {
            return .failedPrecondition
        }
        versions[number - 1].status = status
        return .ok
    }
}
