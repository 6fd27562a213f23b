import Foundation
import Wire

@testable import FeatureCore

/// The simulated card payments of the Fraud Detection Handbook, where the checkout has them beside
/// itself: they have no licence that would let them ship.
struct HandbookPayments {
    struct Payment {
        let milliseconds: Int64
        let customer: Int
        let terminal: Int
        let cents: Int64
        let isFraud: Bool
    }

    static let path: String? = {
        let checkout = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let name = "shared/data/transactions/handbook-2018-04-01-to-08-15.csv.gz"
        return ["..", "../.."].map { checkout.appending(path: "\($0)/\(name)").path }
            .first { FileManager.default.fileExists(atPath: $0) }
    }()

    /// The file as text: all of it, or the first lines.
    static func csv(lines: Int? = nil) throws -> [UInt8] {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        let head = lines.map { " | head -n \($0 + 1)" } ?? ""
        process.arguments = ["-c", "gzip -dc '\(path ?? "")'\(head)"]
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return Array(data)
    }

    /// Read without the code under test.
    static func payments(_ csv: [UInt8]) -> [Payment] {
        csv.split(separator: UInt8(ascii: "\n")).dropFirst().compactMap { line in
            let cells = line.split(separator: UInt8(ascii: ",")).map {
                String(decoding: $0, as: UTF8.self)
            }
            guard cells.count == 7, let time = Timestamp(cells[1]), let customer = Int(cells[2]),
                let terminal = Int(cells[3]), let amount = Double(cells[4])
            else { return nil }
            return Payment(
                milliseconds: time.seconds * 1_000, customer: customer, terminal: terminal,
                cents: Int64((amount * 100).rounded()), isFraud: cells[5] == "1")
        }
    }
}
