internal import AssayMessages
internal import Crypto
internal import Storage
internal import Wire

/// What an inspection keeps of the rows that it read.
struct InspectedRows: Sendable {
    /// Names of all chains that have a row, sorted.
    var chains: [String] { names(of: heads.keys.map(\.self) + digests.keys.map(\.chain)) }

    private(set) var heads: [String: RegistryHead] = [:]
    /// Digest of each row that an event must name.
    private(set) var digests: [RegistryKey: [UInt8]] = [:]
    private(set) var versions: [AssayModelsV1.Version] = []
    private(set) var aliases: [AssayModelsV1.Alias] = []
    private var states: [RegistryKey: AssayModelsV1.VersionState] = [:]
    private(set) var layers: [String: AssayModelsV1.LayerRecord] = [:]
    private(set) var ensembles: [RegistryKey: [VersionShelf.Place]] = [:]
    private(set) var names: [String: AssayModelsV1.LayerMember] = [:]
    /// What layers and names must say, by the experiments.
    private(set) var expectedLayers: [String: [AssayModelsV1.LayerMember]] = [:]
    private(set) var expectedNames: [String: AssayModelsV1.LayerMember] = [:]
    private var eventChains: Set<String> = []

    private func names(of chains: [String]) -> [String] {
        Set(chains).union(eventChains).sorted()
    }

    func isErased(_ version: AssayModelsV1.Version) -> Bool {
        states[RegistryKey(.status, version.model, version.number)]?.status == .erased
    }

    func versions(of chain: String) -> [AssayModelsV1.Version] {
        versions.filter { $0.model == chain }
    }

    // MARK: Adding

    mutating func add(_ row: RegistryRow, _ report: inout InspectionReport) {
        if !RegistryInspection.derived.contains(row.key.kind) {
            digests[row.key] = Array(SHA256.hash(data: row.value))
        }
        do {
            try read(row)
        } catch {
            report.find("\(row.key)", "\((error as? StorageError)?.message ?? "\(error)")")
        }
    }

    private mutating func read(_ row: RegistryRow) throws {
        let name = String(decoding: row.key.id, as: UTF8.self)
        switch row.key.kind {
        case .head: heads[row.key.chain] = try RegistryRows.head(row.value, row.key.chain)
        case .event: eventChains.insert(row.key.chain)
        case .version: try readVersion(row)
        case .status: states[row.key] = try RegistryRows.message(row)
        case .alias: try readAlias(row)
        case .experiment: try readExperiment(row)
        case .layer: layers[name] = try RegistryRows.message(row)
        case .ensembles: ensembles[row.key] = try RegistryTransaction.ensembles(row)
        case .experimentName: names[name] = try RegistryRows.message(row)
        case .experimentFile:
            guard Array(SHA256.hash(data: row.value)) == row.key.id else {
                throw RegistryRows.damaged("\(row.key): it no longer has its hash")
            }
        case .request:
            guard RememberedAnswer(requestID: name, row.value) != nil else {
                throw RegistryRows.damaged("\(row.key): the answer no longer has its checksum")
            }
        default: break
        }
    }

    private mutating func readVersion(_ row: RegistryRow) throws {
        let record: AssayModelsV1.VersionRecord = try RegistryRows.message(row)
        let version = record.version
        guard row.key == RegistryKey(.version, version.model, version.number) else {
            throw RegistryRows.damaged(
                "\(row.key): it holds version \(version.number) of \(version.model)")
        }
        versions.append(version)
    }

    private mutating func readAlias(_ row: RegistryRow) throws {
        let alias: AssayModelsV1.Alias = try RegistryRows.message(row)
        guard row.key == RegistryKey(.alias, alias.model, alias.alias) else {
            throw RegistryRows.damaged("\(row.key): it holds \(alias.model)@\(alias.alias)")
        }
        aliases.append(alias)
    }

    private mutating func readExperiment(_ row: RegistryRow) throws {
        let record: AssayModelsV1.ExperimentRecord = try RegistryRows.message(row)
        let own = record.experiment.specification
        let member = AssayModelsV1.LayerMember(
            experiment: own.experiment, model: own.model, from: own.slots.from, to: own.slots.to)
        expectedNames[own.experiment] = member
        if record.experiment.state != .stopped {
            expectedLayers[own.layer, default: []].append(member)
        }
    }
}
