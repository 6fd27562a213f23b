public import Foundation

/// Looks at a folder of rules and takes what changed there: for development, where whoever may write
/// to the folder decides alone. Files with problems leave the rules as they are.
public struct RuleFolderWatch: Sendable {
    private struct Stamp: Equatable {
        var name: String
        var modified: Date?
        var bytes: Int?
    }

    private let directory: URL
    private let administrator: RuleAdministrator

    public init(directory: URL, administrator: RuleAdministrator) {
        self.directory = directory
        self.administrator = administrator
    }

    /// Looks until the task is cancelled. What changed is taken once two looks see the same, so
    /// that nobody's half-written file is.
    ///
    /// - Parameter report: called after each change, with what is wrong with it, or nil if it decides.
    public func run(
        report: @Sendable (ConfigurationFailure?) -> Void,
        sleep: @Sendable () async throws -> Void
    ) async {
        // What changed since the start took the folder is taken as well.
        var taken: [Stamp] = []
        var last = taken
        while (try? await sleep()) != nil {
            let seen = stamps()
            defer { last = seen }
            guard seen == last, seen != taken else { continue }
            taken = seen
            switch await take() {
            case .unchanged: break
            case .live: report(nil)
            case .refused(let failure): report(failure)
            }
        }
    }

    private func take() async -> RuleAdministrator.Following {
        do {
            return try await administrator.follow(try RuleFolder(directory: directory))
        } catch let failure as ConfigurationFailure {
            administrator.refuse(failure.problems)
            return .refused(failure)
        } catch {
            let problem = Problem(
                file: directory.lastPathComponent, line: 1, column: 1, message: "\(error)")
            administrator.refuse([problem])
            return .refused(ConfigurationFailure([problem]))
        }
    }

    private func stamps() -> [Stamp] {
        var stamps: [Stamp] = []
        for folder in [""] + RuleFolder.folders.map(\.0) {
            let path = directory.appending(path: folder).path
            let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
            for name in names.sorted() where RuleFolder.isName(folder + name) {
                let attributes = try? FileManager.default.attributesOfItem(
                    atPath: path + "/" + name)
                stamps.append(
                    Stamp(
                        name: folder + name, modified: attributes?[.modificationDate] as? Date,
                        bytes: attributes?[.size] as? Int))
            }
        }
        return stamps
    }
}
