#include "protocol/backend.hpp"
#include "protocol/frontend.hpp"
namespace protocol {
namespace {
struct rd { bytes b; bool bad=false;
 std::string_view cstr(){ for(std::size_t i=0;i<b.size();++i) if(!b[i]){auto s=as_text(b.first(i)); b=b.subspan(i+1); return s;} bad=true; return {}; }
 std::uint8_t u8(){ if(b.empty()){bad=true;return 0;} auto v=b[0]; b=b.subspan(1); return v;}
 std::uint32_t u32(){ std::uint32_t v=0; for(int i=0;i<4;++i) v=v<<8|u8(); return v;}
 std::uint16_t u16(){ auto a=u8(); auto c=u8(); return static_cast<std::uint16_t>(a<<8|c);} };
struct wr { buffer o; explicit wr(char t){ o={static_cast<std::uint8_t>(t),0,0,0,0}; }
 wr& cstr(std::string_view s){ o.insert(o.end(),s.begin(),s.end()); o.push_back(0); return *this;}
 wr& raw(std::string_view s){ o.insert(o.end(),s.begin(),s.end()); return *this;}
 wr& u8(char c){ o.push_back(static_cast<std::uint8_t>(c)); return *this;}
 wr& u16(std::size_t v){ o.push_back(static_cast<std::uint8_t>(v>>8)); o.push_back(static_cast<std::uint8_t>(v)); return *this;}
 wr& u32(std::size_t v){ u16(v>>16); return u16(v&0xffff);}
 buffer end(){ auto n=o.size()-1; for(int i=0;i<4;++i) o[static_cast<std::size_t>(1+i)]=static_cast<std::uint8_t>(n>>(24-8*i)); return std::move(o);} };
buffer fields(char t,const error_fields& e){ wr w(t); for(auto&[c,v]:e.all()) w.u8(c).cstr(v); w.u8(0); return w.end(); }
}
error_fields make_error(std::string_view s,std::string_view c,std::string m){ error_fields e; e.set('S',std::string(s)); e.set('V',std::string(s)); e.set('C',std::string(c)); e.set('M',std::move(m)); return e; }
result<error_fields> decode_error(bytes b){ rd r{b}; error_fields e; while(auto c=r.u8()){ e.set(static_cast<char>(c),std::string(r.cstr())); if(r.bad) return errc::truncated_field;} return e; }
buffer encode_error(const error_fields& e){ return fields('E',e);} buffer encode_notice(const error_fields& e){ return fields('N',e);}
buffer encode_ready(char s){ return wr('Z').u8(s).end(); } buffer encode_command_complete(std::string_view t){ return wr('C').cstr(t).end(); }
result<backend_key> decode_backend_key(bytes b){ rd r{b}; backend_key k{r.u32()}; if(r.bad) return errc::truncated_field; return k; }
result<std::pair<std::string_view,std::string_view>> decode_parameter_status(bytes b){ rd r{b}; auto a=r.cstr(); auto c=r.cstr(); if(r.bad) return errc::truncated_field; return std::pair{a,c}; }
result<std::vector<std::optional<std::string>>> decode_data_row(bytes b){ rd r{b}; std::vector<std::optional<std::string>> v; for(int n=r.u16();n>0&&!r.bad;--n){ auto l=r.u32(); if(l==0xffffffff){v.emplace_back();continue;} if(l>r.b.size()) return errc::truncated_field; v.emplace_back(std::string(as_text(r.b.first(l)))); r.b=r.b.subspan(l);} return v; }
result<query_view> decode_query(const frame& f){ rd r{f.body}; query_view q{r.cstr()}; if(r.bad) return errc::truncated_field; if(!r.b.empty()) return errc::trailing_bytes; return q; }
result<parse_view> decode_parse(const frame& f){ rd r{f.body}; parse_view q; q.statement=r.cstr(); q.sql=r.cstr(); if(r.bad) return errc::truncated_field; return q; }
result<bind_view> decode_bind(const frame& f){ rd r{f.body}; bind_view q; q.portal=r.cstr(); q.statement=r.cstr(); if(r.bad) return errc::truncated_field; return q; }
result<execute_view> decode_execute(const frame& f){ rd r{f.body}; execute_view q{r.cstr()}; if(r.bad) return errc::truncated_field; return q; }
result<close_view> decode_close(const frame& f){ rd r{f.body}; close_view q; q.what=static_cast<char>(r.u8()); q.name=r.cstr(); if(r.bad) return errc::truncated_field; return q; }
buffer encode_query(std::string_view s){ return wr('Q').cstr(s).end(); }
buffer encode_parse(std::string_view n,std::string_view s){ return wr('P').cstr(n).cstr(s).u16(0).end(); }
buffer encode_bind(std::string_view p,std::string_view n,std::span<const std::optional<std::string>> v){ wr w('B'); w.cstr(p).cstr(n).u16(0).u16(v.size()); for(auto&x:v){ if(!x) w.u32(0xffffffff); else w.u32(x->size()).raw(*x);} return w.u16(0).end(); }
buffer encode_execute(std::string_view p){ return wr('E').cstr(p).u32(0).end(); }
buffer encode_close(char c,std::string_view n){ return wr('C').u8(c).cstr(n).end(); }
buffer encode_sync(){ return wr('S').end(); } buffer encode_flush(){ return wr('H').end(); }
}
