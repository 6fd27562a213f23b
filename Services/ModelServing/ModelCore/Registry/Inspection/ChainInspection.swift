internal import AssayMessages
internal import Storage
internal import Wire

/// Follows the events of one chain, and holds its rows against them.
struct ChainInspection {
    let name: String
    private let rows: InspectedRows
    private var verifier: ChainVerifier
    /// The newest event that names each row.
    private var newest: [RegistryKey: (digest: [UInt8], sequence: UInt64)] = [:]
    private var artifacts: [UInt32: [UInt8]] = [:]
    private var lastTime: Timestamp?

    init(_ name: String, _ rows: InspectedRows) {
        self.name = name
        self.rows = rows
        verifier = ChainVerifier(name)
    }

    mutating func take(_ row: RegistryRow, _ report: inout InspectionReport) {
        report.events += 1
        do {
            note(try verifier.next(row))
        } catch {
            report.find("\(row.key)", (error as? StorageError)?.message ?? "\(error)")
            // What stands behind it is looked at all the same.
            verifier = ChainVerifier(name, after: BigEndian.number(row.key.id))
            if let event = try? RegistryRows.event(row).event { note(event) }
        }
    }

    private mutating func note(_ event: AssayModelsV1.Event) {
        lastTime = event.time
        if event.kind == .versionRegistered { artifacts[event.version] = event.artifact }
        guard !event.row.isEmpty, let key = RegistryKey(row: event.row, of: name) else { return }
        newest[key] = (event.rowDigest, event.sequence)
    }

    // MARK: The end

    func finish(_ report: inout InspectionReport) {
        checkHead(&report)
        checkRows(&report)
        checkVersions(&report)
        checkAliases(&report)
    }

    private func checkHead(_ report: inout InspectionReport) {
        let place = "\(RegistryKey(.head, name))"
        guard let head = rows.heads[name] else {
            if !report.findings.contains(where: { $0.place == place }) {
                report.find(place, "it is missing")
            }
            return
        }
        if head.nextSequence != verifier.sequence + 1 {
            report.find(
                place,
                "it says that event \(head.nextSequence) is next, the newest is "
                    + "\(verifier.sequence)")
        } else if let digest = verifier.lastDigest, digest != head.lastDigest {
            report.find(place, "it does not have the digest of the newest event")
        }
        if let time = head.lastTime, let lastTime, time != lastTime {
            report.find(place, "it does not have the time of the newest event")
        }
        let versions = rows.versions(of: name).map(\.number).max() ?? 0
        if head.nextVersion != versions + 1 {
            report.find(
                place,
                "it says that version \(head.nextVersion) is next, the newest is \(versions)")
        }
    }

    /// Each row is what the newest event that names it wrote.
    private func checkRows(_ report: inout InspectionReport) {
        let own = rows.digests.filter { $0.key.chain == name }
        for (key, digest) in own.sorted(by: { $0.key.bytes.lexicographicallyPrecedes($1.key.bytes) }
        ) {
            guard let event = newest[key] else {
                report.find("\(key)", "no event speaks of it")
                continue
            }
            if event.digest != digest {
                report.find("\(key)", "it is not what event \(event.sequence) wrote")
            }
        }
        for (key, event) in newest.sorted(by: { $0.value.sequence < $1.value.sequence })
        where own[key] == nil && !event.digest.isEmpty {
            report.find("\(key)", "it is missing; event \(event.sequence) wrote it")
        }
    }

    private func checkVersions(_ report: inout InspectionReport) {
        let versions = rows.versions(of: name).sorted { $0.number < $1.number }
        for (expected, version) in zip(UInt32(1)..., versions) {
            guard version.number == expected else {
                report.find("\(RegistryKey(.version, name, expected))", "the number has a gap")
                break
            }
        }
        for version in versions {
            if let artifact = artifacts[version.number], artifact != version.artifact {
                report.find(
                    "\(RegistryKey(.version, name, version.number))",
                    "its event names another artifact")
            }
        }
    }

    private func checkAliases(_ report: inout InspectionReport) {
        let numbers = Set(rows.versions(of: name).map(\.number))
        for alias in rows.aliases where alias.model == name && !numbers.contains(alias.version) {
            report.find(
                "\(RegistryKey(.alias, name, alias.alias))",
                "it points to version \(alias.version), which is not there")
        }
    }
}
