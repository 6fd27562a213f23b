import ArgumentParser
import AssayMessages
import Foundation
import RiskCore

/// A folder of rules on this machine.
struct RulesFolder: ParsableArguments {
    @Argument(help: ArgumentHelp("Folder of the rules.", valueName: "folder"))
    var folder = "deploy/rules"
    @Option(help: "Parameter profile, instead of the one the rules name.") var profile: String?

    /// Reads, checks, compiles and tests the files; says everything that is wrong with them.
    func compiled() throws -> CompiledRules {
        try Self.compiled(try Self.read(folder), shown: folder, profile)
    }

    static func compiled(
        _ files: RuleFolder, shown folder: String, _ profile: String? = nil
    ) throws -> CompiledRules {
        switch RuleCompiler(profile: profile).compiled(files) {
        case .success(let rules): return rules
        case .failure(let failure):
            ProblemText.print(failure.problems, files, in: folder)
            throw ExitCode(1)
        }
    }

    static func read(_ folder: String) throws -> RuleFolder {
        var isFolder: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder)
        guard exists, isFolder.boolValue else {
            throw Complaint("\(folder): there is no such folder of rules")
        }
        do {
            return try RuleFolder(directory: URL(filePath: folder))
        } catch {
            ProblemText.print(error.problems, RuleFolder(texts: [:]), in: folder)
            throw ExitCode(1)
        }
    }

    /// Files as they are to be laid over what is live: the whole of a folder, or single files whose
    /// paths end as those of a rule set do.
    static func changes(
        _ paths: [String], from live: RuleFolder
    ) throws -> [AssayRiskV1.RuleFile] {
        var changes: [AssayRiskV1.RuleFile] = []
        for path in paths {
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
                throw Complaint("\(path): there is no such file or folder")
            }
            if isFolder.boolValue {
                changes += try read(path).changes(from: live)
            } else {
                changes.append(try file(path))
            }
        }
        return changes.filter { live.texts[$0.name] ?? "" != $0.text }
    }

    private static func file(_ path: String) throws -> AssayRiskV1.RuleFile {
        let parts = URL(filePath: path).standardizedFileURL.pathComponents
        let names = [parts.suffix(2).joined(separator: "/"), parts.last ?? ""]
        guard let name = names.first(where: RuleFolder.isName) else {
            throw Complaint(
                "\(path): a file of a rule set stands in packs/, lists/ or policy/, or is one of "
                    + "facts.tsv, reason-codes.tsv, parameters.yaml, benign-context.yaml")
        }
        guard let text = String(validating: try NamedFile.bytes(path), as: UTF8.self) else {
            throw Complaint("\(path): it is not UTF-8 text")
        }
        if text.isEmpty { throw Complaint("\(path): it is empty; take it away with --remove") }
        return AssayRiskV1.RuleFile(name: name, text: text)
    }
}

extension RuleFolder {
    /// The files that decide.
    init(_ set: AssayRiskV1.RuleSet) {
        self.init(
            texts: Dictionary(
                set.files.map { ($0.name, $0.text) }, uniquingKeysWith: { first, _ in first }))
    }
}
