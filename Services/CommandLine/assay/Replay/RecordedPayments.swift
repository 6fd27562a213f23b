import FeatureCore
import Foundation
import Wire

/// Reads payments from a CSV file.
///
/// It needs an id (`transaction_id`, `payment_id` or `id`), a time (`occurred_at` or `time`),
/// `customer_id` and `amount`, and takes `currency` (else euros), `terminal_id`, `card_id`,
/// `account_id`, `merchant_id`, `mcc`, `channel`, `country` and the truth, `fraud`, if they are
/// there. The times are moved by whole days so that the last payment is of the last 24 hours: a
/// feature store takes nothing from the future, and little from long ago.
struct RecordedPayments {
    private let path: String
    private var columns: [String: Int] = [:]
    private var customers: [String: Int] = [:]

    private init(path: String) { self.path = path }

    /// The first `limit` payments of the file, in the order of their times.
    static func read(_ path: String, limit: Int?, now: Timestamp) throws -> [RecordedPayment] {
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw Complaint("\(path): no such file, or it cannot be read")
        }
        var source = RecordedPayments(path: path)
        var reader = CSVReader { Array(try file.read(upToCount: 1 << 18) ?? Data()) }
        do {
            return try source.read(&reader, limit: limit ?? .max, now: now)
        } catch let error as CSVError {
            throw Complaint("\(path): \(error)")
        }
    }

    private mutating func read(
        _ reader: inout CSVReader, limit: Int, now: Timestamp
    ) throws -> [RecordedPayment] {
        guard try reader.next() else { throw CSVError(line: 1, "the file is empty") }
        for position in 0..<reader.record.count {
            columns[reader.record.text(position) ?? ""] = position
        }
        let id = try column("transaction_id", "payment_id", "id")
        let time = try column("occurred_at", "time")
        let customer = try column("customer_id")
        let amount = try column("amount")
        var payments: [RecordedPayment] = []
        while payments.count < limit, try reader.next() {
            guard reader.record.count == columns.count else {
                throw CSVError(
                    line: reader.record.line,
                    "\(reader.record.count) fields; the first line names \(columns.count)")
            }
            payments.append(try payment(reader.record, id, time, customer, amount))
        }
        payments.sort { $0.time < $1.time }
        guard let last = payments.last?.time else { throw CSVError(line: 2, "there is no payment") }
        let apart = now.seconds - last.seconds
        let days = apart / 86_400 - (apart % 86_400 < 0 ? 1 : 0)
        for index in payments.indices {
            let time = payments[index].time
            guard
                let moved = Timestamp(
                    seconds: time.seconds + days * 86_400, nanoseconds: time.nanoseconds)
            else { throw CSVError(line: 2, "the payments lie too far apart") }
            payments[index].time = moved
        }
        return payments
    }

    private func column(_ names: String...) throws -> Int {
        for name in names { if let found = columns[name] { return found } }
        throw CSVError(
            line: 1, "no column \(names.map { "\"\($0)\"" }.joined(separator: " or "))")
    }

    private mutating func payment(
        _ record: CSVRecord, _ id: Int, _ time: Int, _ customer: Int, _ amount: Int
    ) throws -> RecordedPayment {
        func text(_ name: String) -> String { columns[name].flatMap { record.text($0) } ?? "" }
        func needed(_ column: Int, _ what: String) throws -> String {
            guard let text = record.text(column), !text.isEmpty, text.utf8.count <= 40 else {
                throw CSVError(line: record.line, "\(what) has 1 to 40 bytes")
            }
            return text
        }
        guard let moment = Timestamp(try needed(time, "the time")) else {
            throw CSVError(line: record.line, "the time is not one such as 2025-10-09T08:53:20Z")
        }
        let currency = text("currency").isEmpty ? "EUR" : text("currency")
        guard let code = CurrencyCode(currency),
            let value = Decimal64(try needed(amount, "the amount"))
        else { throw CSVError(line: record.line, "the amount is not one such as 12.50") }
        let name = try needed(customer, "customer_id")
        let number = customers[name] ?? customers.count
        customers[name] = number
        return RecordedPayment(
            id: try needed(id, "the id"), time: moment, amount: Money(value, code),
            customer: name, customerNumber: number, terminal: text("terminal_id"),
            card: text("card_id"), account: text("account_id"), merchant: text("merchant_id"),
            mcc: text("mcc"), channel: text("channel"), country: text("country"),
            isFraud: text("fraud") == "1")
    }
}
