internal import AssayMessages
internal import Crypto
public import Storage

/// Reads every row and file of a registry that nobody changes meanwhile, and names whatever is not what
/// was written.
///
/// Each event is sealed and chained to the one before; each row that a change writes is named, with its
/// digest, by the newest event that speaks of it; rows that are derived from others are derived again;
/// each artifact is hashed again.
public struct RegistryInspection: Sendable {
    let store: any RegistryStore
    let artifacts: ArtifactFolder

    package init(_ store: any RegistryStore, _ artifacts: ArtifactFolder) {
        self.store = store
        self.artifacts = artifacts
    }

    /// A registry in a store of this process.
    public init(
        store: any KeyValueStore, artifacts: ArtifactFolder, tenant: String = "default"
    ) {
        self.init(EmbeddedRegistryStore(store, tenant: tenant), artifacts)
    }

    /// Kinds of rows that no event names.
    static let derived: Set<RowKind> = [
        .head, .event, .request, .experimentFile, .experimentName, .layer, .ensembles,
    ]

    public func run() async -> InspectionReport {
        var report = InspectionReport()
        let rows = await read(&report)
        report.chains = rows.chains.count
        for name in rows.chains {
            var chain = ChainInspection(name, rows)
            await inspect(&chain, &report)
        }
        inspectDerived(rows, &report)
        inspectEnsembles(rows, &report)
        inspectArtifacts(rows, &report)
        return report
    }

    // MARK: Rows

    /// All rows; the order of events is looked at chain by chain.
    private func read(_ report: inout InspectionReport) async -> InspectedRows {
        var rows = InspectedRows()
        var kinds: [RowKind] = []
        do {
            kinds = try await store.kinds()
        } catch {
            report.find("the store", "\(error)")
        }
        // What a store cannot list is empty there.
        for kind in Set(kinds).union(RowKind.known).sorted(by: { $0.name < $1.name }) {
            if !RowKind.known.contains(kind) {
                report.find("rows of kind \"\(kind)\"", "no registry writes such rows")
            }
            var count = 0
            do {
                try await store.allRows(RegistryRange(kind)) { row in
                    count += 1
                    rows.add(row, &report)
                }
            } catch {
                report.find("rows of kind \"\(kind)\"", "cannot be read on: \(error)")
            }
            report.rows += count
        }
        return rows
    }

    private func inspect(_ chain: inout ChainInspection, _ report: inout InspectionReport) async {
        do {
            try await store.allRows(RegistryRange(.event, of: chain.name)) { row in
                chain.take(row, &report)
            }
        } catch {
            report.find("events of \(chain.name)", "cannot be read on: \(error)")
        }
        chain.finish(&report)
    }

    /// What experiments of all models share follows from the experiments.
    private func inspectDerived(_ rows: InspectedRows, _ report: inout InspectionReport) {
        let chain = RegistryTransaction.sharedChain
        for (name, expected) in rows.expectedLayers.sorted(by: { $0.key < $1.key }) {
            let present = rows.layers[name]?.members ?? []
            if Set(present.map { $0.encoded() }) != Set(expected.map { $0.encoded() }) {
                report.find(
                    "\(RegistryKey(.layer, chain, name))",
                    "it does not say what its experiments say")
            }
        }
        for (name, layer) in rows.layers.sorted(by: { $0.key < $1.key })
        where rows.expectedLayers[name] == nil && !layer.members.isEmpty {
            report.find("\(RegistryKey(.layer, chain, name))", "no experiment is in it")
        }
        for (name, member) in rows.expectedNames.sorted(by: { $0.key < $1.key })
        where rows.names[name] != member {
            report.find(
                "\(RegistryKey(.experimentName, chain, name))",
                "it does not say what the experiment says")
        }
        for name in rows.names.keys.sorted() where rows.expectedNames[name] == nil {
            report.find(
                "\(RegistryKey(.experimentName, chain, name))", "no experiment has the name")
        }
    }

    // MARK: Artifacts

    private func inspectArtifacts(_ rows: InspectedRows, _ report: inout InspectionReport) {
        var wanted: [ArtifactDigest: (place: String, size: UInt64)] = [:]
        for version in rows.versions {
            let place = "\(version.model) version \(version.number)"
            guard let digest = ArtifactDigest(version.artifact) else {
                report.find(place, "it names no artifact")
                continue
            }
            guard !rows.isErased(version) else { continue }
            if wanted[digest] == nil { wanted[digest] = (place, version.size) }
        }
        for (digest, (place, size)) in wanted.sorted(by: { $0.key.description < $1.key.description }
        ) {
            report.artifacts += 1
            do throws(ArtifactError) {
                let bytes = try artifacts.get(digest)
                if UInt64(bytes.count) != size {
                    report.find(place, "its artifact has \(bytes.count) bytes, not \(size)")
                }
            } catch {
                report.find("artifact \(digest)", "\(error) (used by \(place))")
            }
        }
        do throws(ArtifactError) {
            let known = Set(wanted.keys.map(artifacts.file))
            report.unreferenced = try artifacts.files().filter { !known.contains($0) }
        } catch {
            report.find("the artifact folder", "\(error)")
        }
    }
}

extension RowKind {
    /// Every kind that a registry writes.
    static let known: Set<RowKind> = [
        .head, .version, .status, .alias, .event, .request, .experiment, .experimentFile,
        .experimentName, .layer, .holdout, .shadow, .policy, .ensembles,
    ]
}
