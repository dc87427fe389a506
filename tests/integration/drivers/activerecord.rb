require 'active_record'
require 'json'

port, database = ARGV
ActiveRecord::Base.establish_connection(adapter: 'postgresql', host: '127.0.0.1', port: port, username: 'postgres', database: database)
ActiveRecord::Migration.verbose = false

class Author < ActiveRecord::Base
  has_many :books
end

class Book < ActiveRecord::Base
  belongs_to :author
end

class Tables < ActiveRecord::Migration[6.1]
  def change
    create_table(:authors) { |t| t.string :name, null: false; t.timestamps }
    create_table(:books) { |t| t.string :title; t.references :author, foreign_key: true, index: false }
  end
end

class Index < ActiveRecord::Migration[6.1]
  disable_ddl_transaction!

  def change
    add_index :books, :author_id, algorithm: :concurrently
    add_column :books, :pages, :integer, default: 0
  end
end

found = []
Tables.migrate(:up)
3.times { |i| Author.create!(name: "author #{i}").books.create!(title: "title #{i}") }
Index.migrate(:up)
Book.reset_column_information
found << Author.joins(:books).where('books.title LIKE ?', 'title%').order(:id).pluck(:name, 'books.pages')
found << Author.find(2).books.map(&:title)
Author.transaction { Author.create!(name: 'gone'); raise ActiveRecord::Rollback }
found << Author.count
begin
  Author.create!(name: nil)
rescue ActiveRecord::NotNullViolation => error
  found << error.message.lines.first
end
begin
  Author.transaction { Author.transaction(requires_new: true) { Book.connection.execute('SELECT 1/0') } }
rescue ActiveRecord::StatementInvalid => error
  found << error.message
end
found << Author.order(:id).find_each(batch_size: 2).map(&:name)
found << Book.connection.indexes(:books).map(&:name) << Book.columns.map(&:name)
Index.migrate(:down)
Tables.migrate(:down)
found << Book.connection.tables.sort
puts JSON.generate(found)
